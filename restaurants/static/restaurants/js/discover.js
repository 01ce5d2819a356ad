// Discover: restaurants that deliver to the chosen address, filtered in the address bar so that a search can be shared.

import { chooseAddress } from "../../deliveryapp/js/address-dialog.js";
import { api } from "../../deliveryapp/js/api.js";
import { aboutCity, centreOf } from "../../deliveryapp/js/city.js";
import { $, debounce, h, replace } from "../../deliveryapp/js/dom.js";
import { sentence } from "../../deliveryapp/js/format.js";
import { place } from "../../deliveryapp/js/place.js";
import { emptyState, errorState } from "../../deliveryapp/js/ui.js";
import { restaurantCard, skeletonCards } from "./restaurant-card.js";

const form = $("#filters");
const results = $("#results");
const more = $("#more");
const MOST_CUISINES = 24;
const FILTERS = ["q", "cuisine", "open_now", "sort"];

let cuisine = "";
let next = null;
let current = new AbortController();

async function whereToDeliver() {
  return place.current ?? centreOf((await aboutCity()).bounds);
}

function filters() {
  const data = new FormData(form);
  return { q: data.get("q").trim(), open_now: data.get("open_now"), sort: data.get("sort"), cuisine };
}

function rememberFilters() {
  const url = new URL(location.href);
  const values = filters();
  for (const name of FILTERS) {
    const value = values[name];
    if (value && value !== "distance") url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  history.replaceState(null, "", url);
}

function recallFilters() {
  const params = new URLSearchParams(location.search);
  form.elements.q.value = params.get("q") ?? "";
  form.elements.open_now.checked = params.get("open_now") === "true";
  form.elements.sort.value = params.get("sort") ?? "distance";
  cuisine = params.get("cuisine") ?? "";
}

/** A newer search aborts the one under way, so an old answer never replaces a new one. */
async function search() {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  rememberFilters();
  next = null;
  replace(more);
  replace(results, skeletonCards());
  try {
    const { lat, lng } = await whereToDeliver();
    const page = await api.get("restaurants/", { params: { lat, lng, ...filters() }, signal });
    show(page);
  } catch (error) {
    if (error.name !== "ApiError") throw error;
    if (error.code !== "aborted") replace(results, errorState(error, search));
  }
}

function show(page) {
  next = page.next;
  if (!page.results.length) {
    replace(results, nothing());
    return;
  }
  replace(results, h("div", { class: "restaurant-grid" }, page.results.map(restaurantCard)));
  watchEnd();
}

function nothing() {
  const reset = h(
    "button",
    { type: "button", class: "button primary", onclick: clearFilters },
    "Show all restaurants",
  );
  return emptyState({
    figure: "search",
    title: "Nothing matches",
    text: "Try another dish or cuisine, or look at everything that delivers to you.",
    action: reset,
  });
}

function clearFilters() {
  form.reset();
  cuisine = "";
  paintCuisines();
  search();
}

async function loadMore() {
  if (!next) return;
  const url = next;
  next = null;
  replace(more, h("p", { class: "muted" }, "Loading more…"));
  const { signal } = current;
  try {
    const page = await api.get(url, { signal });
    $(".restaurant-grid", results).append(...page.results.map(restaurantCard));
    next = page.next;
    replace(more);
    watchEnd();
  } catch (error) {
    if (error.name !== "ApiError" || error.code === "aborted") return;
    next = url;
    replace(
      more,
      h("button", { type: "button", class: "button", onclick: loadMore }, "Could not load more. Try again"),
    );
  }
}

const endWatcher = new IntersectionObserver(
  (entries) => {
    if (entries.some((e) => e.isIntersecting)) loadMore();
  },
  { rootMargin: "600px" },
);

/** Observing afresh makes the observer report even when the end is already in view. */
function watchEnd() {
  endWatcher.unobserve(more);
  if (next) endWatcher.observe(more);
}

let cuisines = [];

function paintCuisines() {
  const chip = (value, text) =>
    h(
      "button",
      {
        type: "button",
        class: "chip",
        "aria-pressed": String(cuisine === value),
        onclick: () => {
          cuisine = cuisine === value ? "" : value;
          paintCuisines();
          search();
        },
      },
      text,
    );
  replace(
    $("#cuisines"),
    chip("", "All"),
    cuisines.map((name) => chip(name, sentence(name))),
  );
}

async function loadCuisines() {
  const answer = await api.get("restaurants/cuisines/").catch(() => ({ results: [] }));
  cuisines = answer.results.map(({ name }) => name).slice(0, MOST_CUISINES);
  paintCuisines();
}

function paintPlace() {
  const address = place.current;
  $("#hero").hidden = address !== null;
  $("#discover-title").textContent = address
    ? `Delivering to ${address.label || address.street}`
    : "In the middle of town";
  $("#discover-note").textContent = address ? "" : "Choose your address to see fees and times to your door.";
}

recallFilters();
paintPlace();
loadCuisines();
search();
place.onChange(() => {
  paintPlace();
  search();
});
$("#hero-address").addEventListener("click", chooseAddress);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
form.elements.q.addEventListener("input", debounce(search, 300));
form.elements.open_now.addEventListener("change", search);
form.elements.sort.addEventListener("change", search);
