// An earlier order as a new cart: what can be had goes in, what is gone or costs otherwise is said item by item.

import { api } from "../../deliveryapp/js/api.js";
import { cart } from "../../deliveryapp/js/cart.js";
import { busy, h, icon } from "../../deliveryapp/js/dom.js";
import { money, opens, plural } from "../../deliveryapp/js/format.js";
import { confirmDialog, explain } from "../../deliveryapp/js/ui.js";

const WHY = {
  item_gone: () => "is no longer on the menu",
  item_sold_out: () => "is sold out",
  option_gone: () => "comes no longer with what you chose",
  option_sold_out: () => "has an option that is sold out",
  options_changed: () => "has other choices now",
  price_changed: ({ before, now }) => `costs ${money(now)} instead of ${money(before)}`,
};

const change = (row) =>
  h("li", {}, h("strong", {}, `${row.quantity} × ${row.name}`), " ", WHY[row.code](row));

function question({ restaurant, lines, changes }) {
  return h(
    "div",
    { class: "stack-s" },
    changes.length > 0 && h("ul", { class: "stack-s" }, changes.map(change)),
    !restaurant.open && h("p", {}, `${restaurant.name} is closed. ${opens(restaurant.next_opening_at)}.`),
    cart.holdsOther(restaurant) &&
      h("p", {}, `Your cart holds ${plural(cart.count, "item")} from ${cart.restaurant.name}, which go.`),
    lines.length === 0 && h("p", {}, "Nothing of this order can be had today."),
  );
}

/** Asks only when there is something to say. */
async function isMeant(today) {
  const nothingToSay = !today.changes.length && today.restaurant.open && !cart.holdsOther(today.restaurant);
  if (nothingToSay && today.lines.length) return true;
  const confirmed = await confirmDialog({
    title: "Since your last order",
    text: question(today),
    confirm: today.lines.length ? "Fill the cart" : "See the menu",
    cancel: "Leave it",
  });
  return confirmed;
}

async function orderAgain(order) {
  try {
    const today = await api.get(`orders/${order.id}/again/`);
    if (!(await isMeant(today))) return;
    const { id, slug, name, currency } = today.restaurant;
    if (today.lines.length) cart.clear();
    for (const { unit_price, ...line } of today.lines)
      cart.add({ id, slug, name, currency }, { ...line, unit_price_minor: unit_price.amount_minor });
    location.assign(today.lines.length ? "/checkout/" : `/restaurants/${slug}/`);
  } catch (error) {
    explain(error);
  }
}

export function againButton(order) {
  const button = h(
    "button",
    { type: "button", class: "button", onclick: () => busy(button, () => orderAgain(order)) },
    icon("refresh"),
    "Order again",
  );
  return button;
}
