// Discover: restaurants that deliver to the chosen address, filtered in the address bar so that a search can be shared.

import { chooseAddress } from "../../deliveryapp/js/address-dialog.js";
import { api } from "../../deliveryapp/js/api.js";
import { aboutCity, centreOf } from "../../deliveryapp/js/city.js";
import { $, debounce, h, replace } from "../../deliveryapp/js/dom.js";
import { plural, sentence } from "../../deliveryapp/js/format.js";
import { place } from "../../deliveryapp/js/place.js";
import { emptyState, errorState } from "../../deliveryapp/js/ui.js";
import { restaurantCard, skeletonCards } from "./restaurant-card.js";

const form = $("#filters");
const results = $("#results");
const more = $("#more");
const MOST_CUISINES = 24;
const FIELDS = ["q", "open_now", "free_delivery", "diet", "price_level", "min_rating", "sort"];
const FILTERS = [...FIELDS, "favourites", "cuisine"];

let cuisine = "";
let next = null;
let current = new AbortController();

async function whereToDeliver() {
  return place.current ?? centreOf((await aboutCity()).bounds);
}

function filters() {
  const data = new FormData(form);
  const values = Object.fromEntries(FIELDS.map((name) => [name, data.get(name)?.trim()]));
  return { ...values, cuisine };
}

/** Who is not signed in has no such switch. */
const favouritesOnly = () => form.elements.favourites?.checked ?? false;

function rememberFilters() {
  const url = new URL(location.href);
  const values = { ...filters(), favourites: favouritesOnly() && "true" };
  for (const name of FILTERS) {
    const value = values[name];
    if (value && value !== "distance") url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  history.replaceState(null, "", url);
}

function recallFilters() {
  const params = new URLSearchParams(location.search);
  for (const name of [...FIELDS, "favourites"]) {
    const field = form.elements[name];
    const value = params.get(name);
    if (field?.type === "checkbox") field.checked = value === "true";
    else if (field && value !== null) field.value = value;
  }
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
    const page = await api.get(favouritesOnly() ? "favourites/restaurants/" : "restaurants/", { params: { lat, lng, ...filters() }, signal });
    show(page);
  } catch (error) {
    if (error.name !== "ApiError") throw error;
    if (error.code !== "aborted") replace(results, errorState(error, search));
  }
}

function show(page) {
  next = page.next;
  showCuisines(page.cuisines);
  $("#discover-count").textContent = page.count ? plural(page.count, "restaurant") : "";
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
  const chip = (value, text, count) =>
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
      count !== undefined && h("span", { class: "muted numbers" }, ` ${count}`),
    );
  replace(
    $("#cuisines"),
    chip("", "All"),
    cuisines.map(({ name, count }) => chip(name, sentence(name), count)),
  );
}

/** Those that this search offers; the chosen one stays, to be let go of, also when nobody offers it. */
function showCuisines(counted) {
  cuisines = counted.slice(0, MOST_CUISINES);
  if (cuisine && !cuisines.some(({ name }) => name === cuisine)) {
    const count = counted.find(({ name }) => name === cuisine)?.count ?? 0;
    cuisines.unshift({ name: cuisine, count });
  }
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
paintCuisines();
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
form.addEventListener("change", (event) => {
  if (event.target !== form.elements.q) search();
});
