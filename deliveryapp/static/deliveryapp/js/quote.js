// The server's price for the cart, and how its lines are shown. The browser never computes a total.

import { api } from "./api.js";
import { h } from "./dom.js";
import { minutesRange, money } from "./format.js";
import { deliveryOf } from "./place.js";

/** The body that both POST /quotes/ and POST /orders/ take. */
export function orderBody({
  cart,
  address,
  tip_minor = 0,
  note = "",
  payment_method,
  payment_gateway,
  use_credit = false,
  expected_total_minor = null,
  scheduled_for = null,
  promotion_code = "",
  quote_token = "",
}) {
  return {
    restaurant_id: cart.restaurant.id,
    lines: cart.toRequest(),
    delivery: deliveryOf(address),
    tip_minor,
    note,
    payment_method,
    payment_gateway,
    use_credit,
    expected_total_minor,
    scheduled_for,
    promotion_code,
    quote_token,
  };
}

export const fetchQuote = (parts, options = {}) => api.post("quotes/", orderBody(parts), options);

const ROWS = [
  ["subtotal", "Food"],
  ["delivery_fee", "Delivery"],
  ["service_fee", "Service fee"],
  ["tax", "Tax"],
  ["tip", "Tip for the driver"],
];

/** The lines of a quote or an order from subtotal to total; what is zero is left out, except delivery. */
export function sumLines(priced) {
  const row = (label, value, className = "") =>
    h("div", { class: className }, h("dt", {}, label), h("dd", {}, value));
  const shown = ROWS.filter(
    ([name]) => priced[name] && (priced[name].amount_minor !== 0 || name === "delivery_fee"),
  );
  const free = (name) => name === "delivery_fee" && priced[name].amount_minor === 0;
  return h(
    "dl",
    { class: "sum" },
    shown.map(([name, label]) => row(label, free(name) ? "Free" : money(priced[name]))),
    priced.discount?.amount_minor > 0 && row(priced.promotion?.title ?? "Discount", `−${money(priced.discount)}`),
    row("Total", money(priced.total), "total"),
    priced.included_tax?.amount_minor > 0 &&
      h(
        "div",
        { class: "tiny" },
        h("dt", {}, "of which VAT"),
        h("dd", { class: "muted" }, money(priced.included_tax)),
      ),
  );
}

export const etaText = (quote) => minutesRange(quote?.eta_minutes);
