// The city delivered in: its bounds and front doors, and the layers of its map, cut from OpenStreetMap and served by ourselves.

import { api } from "./api.js";

const staticUrl = document.querySelector('meta[name="city-url"]')?.content ?? "/static/city/";
const cache = new Map();

/** The parsed answer; fetched once per page, asked again after a failure. Throws ApiError. */
function load(path) {
  if (!cache.has(path)) {
    const answer = api.get(path);
    answer.catch(() => cache.delete(path));
    cache.set(path, answer);
  }
  return cache.get(path);
}

/** {slug, name, attribution, bounds: [west, south, east, north], has_map, addresses} */
export const aboutCity = () => load("/city.json");

export const cityFile = (slug, file) => new URL(`${staticUrl}${slug}/${file}`, location.href).href;

/** The layers to draw, [{name, file}]; none for a city that has no map of its own. */
export async function cityLayers() {
  const { slug, has_map } = await aboutCity();
  if (!has_map) return [];
  return (await load(new URL(cityFile(slug, "map.json")).pathname)).layers;
}

/** [{street, number, line, postcode, lat, lng}] */
export async function cityAddresses() {
  const { addresses } = await aboutCity();
  return addresses.map(([street, number, postcode, lat, lng]) => ({
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
