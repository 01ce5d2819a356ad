// The customer's orders: what is under way on top, kept up to date, the earlier ones below.

import { api } from "../../deliveryapp/js/api.js";
import { $, h, reconcile, replace } from "../../deliveryapp/js/dom.js";
import { dayAndClock, money, plural } from "../../deliveryapp/js/format.js";
import { emptyState, fill } from "../../deliveryapp/js/ui.js";
import { FINAL, LABEL, badgeKind } from "./words.js";

const REFRESH_MS = 10_000;
const active = $("#active");
let next = null;

function content(order) {
  const count = order.lines.reduce((sum, line) => sum + line.quantity, 0);
  return [
    h("span", { class: "name clip" }, order.restaurant.name),
    h("span", { class: `badge ${badgeKind(order.status)}` }, LABEL[order.status]),
    h(
      "span",
      { class: "muted small" },
      `${dayAndClock(order.created_at)} · ${plural(count, "item")} · ${order.number}`,
    ),
    h("span", { class: "total numbers" }, money(order.total)),
  ];
}

const link = (order, kind = "") =>
  h("a", { class: `order-row ${kind}`, href: `/orders/${order.id}/` }, content(order));

async function refreshActive() {
  // The list below says so when the server cannot be reached; the next round tries again.
  const page = await api.get("orders/", { params: { state: "active" } }).catch(() => null);
  if (!page) return;
  const gone = active.children.length > page.results.length;
  $("#active-section").hidden = page.results.length === 0;
  reconcile(active, page.results, {
    key: (order) => order.id,
    build: (order) => h("li", {}, link(order, "active")),
    refresh: (item, order) => replace(item.firstElementChild, content(order)),
  });
  if (gone) showPast();
}

function pastPage(page) {
  next = page.next;
  const orders = page.results.filter((order) => FINAL.has(order.status));
  if (!orders.length && active.children.length === 0) {
    return emptyState({
      figure: "receipt",
      title: "No orders yet",
      text: "When you order something, you will follow it from here.",
      action: h("a", { class: "button primary", href: "/" }, "See restaurants"),
    });
  }
  if (!orders.length) return h("p", { class: "muted" }, "Nothing yet.");
  return h(
    "ul",
    { class: "order-list", id: "past-list" },
    orders.map((order) => h("li", {}, link(order))),
  );
}

async function loadMore() {
  const page = await api.get(next);
  next = page.next;
  $("#past-list").append(...page.results.map((order) => h("li", {}, link(order))));
  paintMore();
}

function paintMore() {
  replace(
    $("#more"),
    next && h("button", { type: "button", class: "button wide", onclick: loadMore }, "Show older orders"),
  );
}

async function showPast() {
  await fill($("#past"), { load: () => api.get("orders/", { params: { state: "past" } }), show: pastPage });
  paintMore();
}

await refreshActive();
showPast();
setInterval(() => {
  if (!document.hidden) refreshActive();
}, REFRESH_MS);
