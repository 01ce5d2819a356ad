// "Where to?": saved addresses, search among the city's doors, or a point on the map.

import { api } from "./api.js";
import { aboutCity, cityAddresses, nearest } from "./city.js";
import { busy, debounce, h, icon, replace } from "./dom.js";
import { createMap } from "./map.js";
import { place } from "./place.js";
import { explain, openDialog, toast } from "./ui.js";

const MOST_HITS = 7;
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const signedIn = () => document.body.dataset.authenticated === "true";

/** The doors whose line starts with, or else contains, what was typed. */
export function findDoors(doors, typed) {
  const wanted = fold(typed.trim());
  if (wanted.length < 2) return [];
  const starts = doors.filter((door) => fold(door.line).startsWith(wanted));
  const holds = doors.filter((door) => !starts.includes(door) && fold(door.line).includes(wanted));
  return [...starts, ...holds].slice(0, MOST_HITS);
}

async function addressOf(door) {
  const { name } = await aboutCity();
  return {
    id: null,
    label: "",
    street: door.line,
    city: name,
    postcode: door.postcode,
    lat: door.lat,
    lng: door.lng,
    note: "",
  };
}

function option(iconName, title, detail, choose, attributes = {}) {
  return h(
    "button",
    { type: "button", class: "place-option", onclick: choose, ...attributes },
    icon(iconName),
    h(
      "span",
      { class: "grow" },
      h("span", { class: "strong" }, title),
      detail && h("small", { class: "muted" }, detail),
    ),
  );
}

async function savedAddresses(box, pick) {
  if (!signedIn()) return;
  const { results } = await api.get("addresses/").catch((error) => {
    explain(error);
    return { results: [] };
  });
  if (!results.length) return;
  replace(
    box,
    h("h3", {}, "Your addresses"),
    results.map((address) =>
      option(
        "home",
        address.label || address.street,
        [address.label && address.street, address.city].filter(Boolean).join(", "),
        () => pick(address),
      ),
    ),
  );
}

/** Lets the person choose; resolves to the chosen address (also kept in `place`), undefined when dismissed. */
export async function chooseAddress() {
  const saved = h("div", { class: "stack-s" });
  const hits = h("div", { class: "stack-s", role: "group", "aria-label": "Matching addresses" });
  const mapBox = h("div", { class: "map pick-map", hidden: true });
  const input = h("input", {
    type: "search",
    autocomplete: "off",
    placeholder: "Street and number",
    "aria-label": "Street and number",
  });
  const mapButton = h("button", { type: "button", class: "button outline" }, icon("map"), "Pick on the map");
  const here = h("button", { type: "button", class: "button outline" }, icon("locate"), "Use my location");
  const opened = openDialog({
    title: "Where should we deliver?",
    body: h(
      "div",
      { class: "stack" },
      h("div", { class: "search" }, icon("search"), input),
      hits,
      saved,
      h("div", { class: "row-wrap" }, mapButton, here),
      mapBox,
    ),
  });
  const pick = (address) => opened.close(address);
  const doors = cityAddresses();
  input.addEventListener(
    "input",
    debounce(async () => {
      replace(hits, hitList(findDoors(await doors, input.value), input.value, pick));
      saved.hidden = hits.children.length > 0;
    }, 120),
  );
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    // Closing gives the focus back to the button that opened the dialog; the same key press must not press it.
    event.preventDefault();
    hits.querySelector("button")?.click();
  });
  mapButton.addEventListener("click", () => {
    replace(hits);
    saved.hidden = true;
    pickOnMap(mapBox, mapButton, pick);
  });
  here.addEventListener("click", () => busy(here, () => locate(pick)));
  savedAddresses(saved, pick);
  const address = await opened.closed;
  if (address) place.choose(address);
  return address;
}

function hitList(found, typed, pick) {
  if (found.length) {
    return found.map((door) =>
      option("pin", door.line, door.postcode, async () => pick(await addressOf(door))),
    );
  }
  return typed.trim().length < 2
    ? []
    : [h("p", { class: "muted" }, "No such door in our streets. Try the map instead.")];
}

async function pickOnMap(box, button, pick) {
  button.hidden = true;
  box.hidden = false;
  const map = await createMap(box, { zoom: 14 });
  if (!map) return;
  const doors = await cityAddresses();
  const answer = h("div", { class: "stack-s" });
  box.after(answer);
  replace(answer, h("p", { class: "muted small" }, "Tap where the food should go."));
  map.onClick(async (point) => {
    map.mark("pick", "pick", point, { title: "Delivery point" });
    const door = nearest(doors, point);
    const address = door ? { ...(await addressOf(door)), ...point } : await bareAddress(point);
    const use = h(
      "button",
      { type: "button", class: "button primary wide", onclick: () => pick(address) },
      `Deliver to ${address.street}`,
    );
    replace(answer, use);
  });
}

async function bareAddress(point) {
  const { name } = await aboutCity();
  return {
    id: null,
    label: "",
    street: `${point.lat.toFixed(5)}, ${point.lng.toFixed(5)}`,
    city: name,
    postcode: "",
    ...point,
    note: "",
  };
}

async function locate(pick) {
  try {
    const { coords } = await new Promise((resolve, reject) => {
      navigator.geolocation.getCurrentPosition(resolve, reject, { timeout: 8000, maximumAge: 60_000 });
    });
    const point = { lat: coords.latitude, lng: coords.longitude };
    const {
      bounds: [west, south, east, north],
      name,
    } = await aboutCity();
    if (point.lng < west || point.lng > east || point.lat < south || point.lat > north) {
      toast(`You seem to be outside ${name}. Choose an address in the city instead.`);
      return;
    }
    const door = nearest(await cityAddresses(), point);
    pick(door ? { ...(await addressOf(door)), ...point } : await bareAddress(point));
  } catch {
    toast("Your device did not tell where you are. Type the address or use the map.");
  }
}
