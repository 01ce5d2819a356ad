// The look of the city map as a MapLibre style over local GeoJSON, in the colours of the design system.

import { cityFile } from "./city.js";

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const width = (at14, at18) => [
  "interpolate",
  ["exponential", 1.5],
  ["zoom"],
  13,
  at14 * 0.7,
  14,
  at14,
  18,
  at18,
];
const isClass = (...names) => ["in", ["get", "class"], ["literal", names]];
const round = { "line-cap": "round", "line-join": "round" };

function streetLayers(colours) {
  const walk = isClass("path", "cycleway");
  const narrow = isClass("service", "pedestrian", "street");
  const line = (id, filter, colour, size, extra = {}) => ({
    id,
    type: "line",
    source: "streets",
    filter,
    layout: round,
    paint: { "line-color": colour, "line-width": size, ...extra },
  });
  return [
    line("path", walk, colours.streetCase, width(0.6, 4), { "line-dasharray": [1, 2] }),
    line("street-case", narrow, colours.streetCase, width(3, 17)),
    line("major-case", isClass("major"), colours.streetCase, width(5, 30)),
    line("street", narrow, colours.street, width(2, 14)),
    line("major", isClass("major"), colours.street, width(3.6, 26)),
  ];
}

function label(id, source, filter, layout, colours) {
  return {
    id,
    type: "symbol",
    source,
    filter: ["all", ["has", "name"], filter],
    layout: {
      "text-field": ["get", "name"],
      "text-font": ["sans-serif"],
      "text-size": 12,
      "text-padding": 6,
      ...layout,
    },
    paint: { "text-color": colours.label, "text-halo-color": colours.land, "text-halo-width": 1.4 },
  };
}

const FILL = { water: "water", parks: "park", plazas: "plaza", buildings: "building" };

function fills(names, colours) {
  return names
    .filter((name) => FILL[name])
    .map((name) => ({ id: name, type: "fill", source: name, paint: { "fill-color": colours[FILL[name]] } }));
}

function rails(colours) {
  const paint = { "line-color": colours.streetCase, "line-width": width(0.8, 2.5) };
  return [{ id: "rails", type: "line", source: "rails", paint }];
}

const parkNames = (colours) => [
  label("park-names", "parks", true, { "text-size": 11, "text-max-width": 7 }, colours),
];

function streetNames(colours) {
  const along = { "symbol-placement": "line", "symbol-spacing": 260, "text-letter-spacing": 0.02 };
  return [label("street-names", "streets", isClass("major", "street", "pedestrian"), along, colours)];
}

/** `layers` as of map.json: areas are drawn in its order, then streets, labels on top; what a city lacks is left out. */
export function mapStyle({ slug, layers }) {
  const colours = {
    land: token("--map-land"),
    park: token("--map-park"),
    water: token("--map-water"),
    plaza: token("--surface-2"),
    building: token("--map-building"),
    street: token("--map-street"),
    streetCase: token("--map-street-case"),
    label: token("--map-label"),
  };
  const names = layers.map((layer) => layer.name);
  const where = (name, make) => (names.includes(name) ? make(colours) : []);
  return {
    version: 8,
    sources: Object.fromEntries(
      layers.map(({ name, file }) => [name, { type: "geojson", data: cityFile(slug, file) }]),
    ),
    layers: [
      { id: "land", type: "background", paint: { "background-color": colours.land } },
      ...fills(names, colours),
      ...where("streets", streetLayers),
      ...where("rails", rails),
      ...where("parks", parkNames),
      ...where("streets", streetNames),
    ],
  };
}
