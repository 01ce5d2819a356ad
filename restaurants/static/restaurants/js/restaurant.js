// A restaurant's page: who they are, their menu, and the cart in step with it.

import { api } from "../../deliveryapp/js/api.js";
import { cart } from "../../deliveryapp/js/cart.js";
import { CartView } from "../../deliveryapp/js/cart-view.js";
import { $, $$, h, icon, replace } from "../../deliveryapp/js/dom.js";
import { clock, minor, money, opens, plural, sentence } from "../../deliveryapp/js/format.js";
import { place } from "../../deliveryapp/js/place.js";
import { confirmDialog, fill, openDialog, skeletonLines, toast } from "../../deliveryapp/js/ui.js";
import { dietFilter } from "./diet-filter.js";
import { servedFrom, windowsText } from "./day-parts.js";
import { chooseItem } from "./item-dialog.js";
import { restaurantHead } from "./restaurant-head.js";

const slug = decodeURIComponent(location.pathname.split("/").filter(Boolean).at(-1));
let restaurant = null;
let currency = "EUR";

const mine = () => cart.restaurant?.id === restaurant?.id;

async function load() {
  const where = place.current;
  restaurant = await api.get(`restaurants/${encodeURIComponent(slug)}/`, {
    params: { lat: where?.lat, lng: where?.lng },
  });
  currency = restaurant.currency;
  document.title = `${restaurant.name} · Doorstep`;
  return restaurant;
}

function showMenu({ menu }) {
  replace($("#restaurant-head"), restaurantHead(restaurant));
  const sections = menu.sections.filter((section) => section.items.length);
  showSectionNav(sections);
  return [
    dietFilter(sections.flatMap((section) => section.items)),
    sections.map((section) =>
      h(
        "section",
        { class: "menu-section", id: `section-${section.id}`, "aria-labelledby": `title-${section.id}` },
        h("h2", { id: `title-${section.id}` }, section.name),
        section.windows.length > 0 && h("p", { class: "muted small hours-of" }, windowsText(section.windows)),
        h("div", { class: "menu-items" }, section.items.map(menuItem)),
      ),
    ),
  ];
}

/** Why a dish cannot be ordered now, or that few are left. */
function standing(item) {
  if (!item.served_now) return servedFrom(item.next_served_at);
  if (item.available) return item.left ? `Only ${item.left} left` : "";
  return item.sold_out_until ? `Sold out until ${clock(item.sold_out_until)}` : "Sold out";
}

function menuItem(item) {
  const note = standing(item);
  const diets =
    item.diets.length > 0 && h("span", { class: "badge good" }, icon("leaf"), sentence(item.diets[0]));
  return h(
    "button",
    {
      type: "button",
      class: "menu-item",
      disabled: !item.available,
      dataset: { item: item.id, diets: item.diets.join(" "), allergens: item.allergens.join(" ") },
      onclick: () => pick(item),
    },
    h(
      "span",
      { class: "grow" },
      h("span", { class: "name" }, item.name),
      item.description && h("span", { class: "about" }, item.description),
      h(
        "span",
        { class: "row price" },
        money(item.price),
        item.available && diets,
        note && h("span", { class: "badge warn" }, note),
      ),
    ),
    item.available && h("span", { class: "add", "aria-hidden": "true" }, icon("plus")),
  );
}

async function pick(item) {
  if (cart.holdsOther(restaurant)) {
    const replaceCart = await confirmDialog({
      title: "Start a new cart?",
      confirm: "Start new cart",
      cancel: "Keep it",
      text: `Your cart holds ${plural(cart.count, "item")} from ${cart.restaurant.name}. One order comes from one kitchen.`,
    });
    if (!replaceCart) return;
    cart.clear();
  }
  const line = await chooseItem(item);
  if (!line) return;
  const { id, name } = restaurant;
  cart.add({ id, slug: restaurant.slug, name, currency }, line);
  toast(`${line.quantity} × ${line.name} in your cart`, { kind: "good", stay_ms: 2500 });
}

function markItems() {
  for (const button of $$(".menu-item")) {
    const count = mine() ? cart.quantityOf(button.dataset.item) : 0;
    button.classList.toggle("in-cart", count > 0);
    const add = $(".add", button);
    if (add) replace(add, count > 0 ? `${count}` : icon("plus"));
  }
}

function showSectionNav(sections) {
  const nav = $("#sections");
  nav.hidden = sections.length < 2;
  replace(
    nav,
    sections.map((section) => h("a", { class: "chip", href: `#section-${section.id}` }, section.name)),
  );
  const seen = new IntersectionObserver(
    (entries) => {
      const entry = entries.find((e) => e.isIntersecting);
      if (entry) markSection(nav, entry.target.id);
    },
    { rootMargin: "-25% 0px -65% 0px" },
  );
  // The sections come into the page right after this call.
  requestAnimationFrame(() => $$(".menu-section").forEach((section) => seen.observe(section)));
}

function markSection(nav, id) {
  for (const chip of $$(".chip", nav)) {
    const current = chip.hash === `#${id}`;
    if (current) chip.setAttribute("aria-current", "true");
    else chip.removeAttribute("aria-current");
    if (current)
      nav.scrollTo({
        left: chip.offsetLeft - nav.clientWidth / 2 + chip.clientWidth / 2,
        behavior: "smooth",
      });
  }
}

function paintBar() {
  const bar = $("#cart-bar");
  bar.hidden = cart.count === 0;
  if (bar.hidden) return;
  const amount = minor(cart.estimate_minor, cart.restaurant.currency);
  replace(
    bar,
    h(
      "button",
      { type: "button", class: "button primary tall wide split", onclick: openCart },
      h("span", {}, `View cart · ${plural(cart.count, "item")}`),
      h("span", { class: "numbers" }, amount),
    ),
  );
}

async function openCart() {
  const body = h("div");
  const opened = openDialog({ title: "Your cart", body });
  const view = new CartView(body, { titled: false, onEmpty: () => opened.close() });
  await opened.closed;
  view.stop();
}

async function start() {
  new CartView($("#cart-panel"));
  await fill($("#menu"), {
    load,
    show: showMenu,
    wait: h("div", { class: "stack" }, skeletonLines(2), skeletonLines(5), skeletonLines(5)),
  });
  markItems();
  paintBar();
  if (restaurant && !restaurant.open)
    toast(`${restaurant.name} is closed. ${opens(restaurant.next_opening_at)}.`);
}

cart.onChange(() => {
  markItems();
  paintBar();
});
place.onChange(async () => {
  await fill($("#menu"), { load, show: showMenu });
  markItems();
});
start();
