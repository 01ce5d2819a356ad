// The city's own files: the map's layers and the list of front doors, cut from OpenStreetMap and served by ourselves.

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
const folder = new URL(`${meta("city-url")}${meta("city")}/`, location.href);
const cache = new Map();

async function fetchJson(file) {
  const response = await fetch(new URL(file, folder));
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  return response.json();
}

/** The parsed file; fetched once per page, asked again after a failure. */
function load(file) {
  if (!cache.has(file)) {
    cache.set(
      file,
      fetchJson(file).catch((error) => {
        cache.delete(file);
        throw error;
      }),
    );
  }
  return cache.get(file);
}

export const cityFile = (file) => new URL(file, folder).href;

/** {name, attribution, bounds: [west, south, east, north], layers: [{name, file}]} */
export const cityMap = () => load("map.json");

/** [{street, number, line, postcode, lat, lng}], empty when this city has no list of doors. */
export async function cityAddresses() {
  const rows = await load("addresses.json").catch(() => []);
  return rows.map(([street, number, postcode, lat, lng]) => ({
    street,
    number,
    line: `${street} ${number}`,
    postcode,
    lat,
    lng,
  }));
}

export function centreOf([west, south, east, north]) {
  return { lat: (south + north) / 2, lng: (west + east) / 2 };
}

/** Metres between two {lat, lng}: flat-earth, good to a metre within a city. */
export function metres(a, b) {
  const rad = Math.PI / 180;
  const x = (b.lng - a.lng) * rad * Math.cos(((a.lat + b.lat) / 2) * rad);
  return Math.hypot(x, (b.lat - a.lat) * rad) * 6_371_000;
}

export function nearest(addresses, point) {
  return addresses.reduce(
    (best, one) => (best && metres(best, point) <= metres(one, point) ? best : one),
    null,
  );
}
