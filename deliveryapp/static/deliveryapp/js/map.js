// A MapLibre map of the city, loaded only by the pages that show one, with markers that glide instead of jumping.

import { aboutCity, centreOf, cityLayers } from "./city.js";
import { h, icon, replace } from "./dom.js";
import { mapStyle } from "./map-style.js";

const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const DARK = matchMedia("(prefers-color-scheme: dark)");
const OUTSIDE = 0.006; // degrees of empty land that may be panned into around the cut

const ICON_OF = { restaurant: "store", home: "home", pick: "pin", driver: "bike" };

function needStylesheet() {
  const href = new URL("../vendor/maplibre/maplibre-gl.css", import.meta.url).href;
  if (document.querySelector(`link[href="${href}"]`)) return;
  document.head.append(h("link", { rel: "stylesheet", href }));
}

/**
 * Makes a map in `box`. Resolves to null, and says so in the box, where WebGL or the city's files are missing:
 * a page must stay usable without its map.
 */
export async function createMap(box, { center = null, zoom = 14.5, interactive = true } = {}) {
  try {
    needStylesheet();
    const [maplibre, about, layers] = await Promise.all([
      import("../vendor/maplibre/maplibre-gl.mjs"),
      aboutCity(),
      cityLayers(),
    ]);
    const city = { ...about, layers };
    return new CityMap(box, maplibre, city, { center: center ?? centreOf(city.bounds), zoom, interactive });
  } catch (error) {
    replace(box, h("p", { class: "map-note" }, "The map cannot be shown here."));
    box.dataset.mapError = error.message;
    return null;
  }
}

class CityMap {
  #markers = new Map();

  constructor(box, maplibre, city, { center, zoom, interactive }) {
    const [west, south, east, north] = city.bounds;
    this.maplibre = maplibre;
    box.classList.add("map");
    this.map = new maplibre.Map({
      container: box,
      style: mapStyle(city),
      center: [center.lng, center.lat],
      zoom,
      minZoom: 12.5,
      maxZoom: 18.5,
      maxBounds: [
        [west - OUTSIDE * 2, south - OUTSIDE],
        [east + OUTSIDE * 2, north + OUTSIDE],
      ],
      interactive,
      dragRotate: false,
      pitchWithRotate: false,
      attributionControl: { compact: false, customAttribution: city.attribution },
      fadeDuration: CALM.matches ? 0 : 200,
    });
    if (interactive) {
      this.map.touchZoomRotate.disableRotation();
      this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
    }
    this.recolour = () => this.map.setStyle(mapStyle(city));
    DARK.addEventListener("change", this.recolour);
    this.map.once("idle", () => {
      box.dataset.ready = "true";
    });
  }

  /** Places or moves the marker `name` to {lat, lng}; `kind` is restaurant, home, pick or driver. */
  mark(name, kind, at, { title = "", iconName = ICON_OF[kind], heading = null, stale = false } = {}) {
    const known = this.#markers.get(name);
    if (!at) {
      known?.remove();
      this.#markers.delete(name);
      return;
    }
    const marker = known ?? this.#newMarker(name, kind, at, title, iconName);
    marker.moveTo(at);
    marker.show({ heading, stale });
  }

  #newMarker(name, kind, at, title, iconName) {
    const element = h(
      "div",
      { class: `marker ${kind}`, role: "img", "aria-label": title || kind, title },
      icon(iconName),
    );
    const marker = new GlidingMarker(
      new this.maplibre.Marker({ element }).setLngLat([at.lng, at.lat]).addTo(this.map),
      element,
    );
    this.#markers.set(name, marker);
    return marker;
  }

  /** Brings all `points` into view, leaving room for what covers the edges. */
  fit(points, { padding = 70, maxZoom = 16.5 } = {}) {
    const known = points.filter(Boolean);
    if (!known.length) return;
    // The page around the map may just have changed its size; the fit must be for the new one.
    this.map.resize();
    const bounds = new this.maplibre.LngLatBounds();
    known.forEach(({ lat, lng }) => bounds.extend([lng, lat]));
    this.map.fitBounds(bounds, { padding, maxZoom, animate: !CALM.matches, duration: 600 });
  }

  onClick(f) {
    this.map.on("click", ({ lngLat }) => f({ lat: lngLat.lat, lng: lngLat.lng }));
  }

  sees({ lat, lng }) {
    return this.map.getBounds().contains([lng, lat]);
  }

  destroy() {
    DARK.removeEventListener("change", this.recolour);
    this.#markers.forEach((marker) => marker.remove());
    this.map.remove();
  }
}

/** Moves in a straight line from where it is seen now to where it was last reported, in about the time between reports. */
class GlidingMarker {
  #frame = 0;
  #reported_at = 0;

  constructor(marker, element) {
    this.marker = marker;
    this.element = element;
  }

  moveTo({ lat, lng }) {
    const from = this.marker.getLngLat();
    if (from.lat === lat && from.lng === lng) return;
    const now = performance.now();
    const span_ms = Math.min(2500, Math.max(250, now - this.#reported_at));
    const first = this.#reported_at === 0;
    this.#reported_at = now;
    cancelAnimationFrame(this.#frame);
    if (CALM.matches || document.hidden || first) {
      this.marker.setLngLat([lng, lat]);
      return;
    }
    const step = (time) => {
      const part = Math.min(1, Math.max(0, (time - now) / span_ms));
      this.marker.setLngLat([from.lng + (lng - from.lng) * part, from.lat + (lat - from.lat) * part]);
      if (part < 1) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  show({ heading, stale }) {
    this.element.classList.toggle("stale", stale);
    if (heading === null || heading === undefined) return;
    let arrow = this.element.querySelector(".heading");
    if (!arrow) {
      arrow = h("span", { class: "heading" });
      this.element.append(arrow);
    }
    arrow.style.transform = `rotate(${heading}deg)`;
  }

  remove() {
    cancelAnimationFrame(this.#frame);
    this.marker.remove();
  }
}
