// What has changed between the price that was shown and the order, in words, with one click to go on.

import { cart } from "../../deliveryapp/js/cart.js";
import { h } from "../../deliveryapp/js/dom.js";
import { money } from "../../deliveryapp/js/format.js";
import { notice, smallButton } from "../../deliveryapp/js/refusals.js";
import { whyRefused } from "./promotion-code.js";

const FEES = { delivery_fee: "Delivery", service_fee: "Service fee", tax: "Tax" };
const GONE = ["sold_out", "option_gone", "not_available"];

const fromTo = (name, { was, is }) => `${name}: ${money(was)} → ${money(is)}`;

function promotionText({ name, was, is, ...difference }) {
  if (is === null) return whyRefused(difference);
  if (is.amount_minor === 0) return `“${name}” no longer applies: ${money(was)} more.`;
  if (was.amount_minor === 0) return `“${name}” takes off ${money(is)}.`;
  return `“${name}” takes off ${money(is)} instead of ${money(was)}.`;
}

const WORDS = {
  price: (difference) => fromTo(difference.name, difference),
  fee: (difference) => fromTo(FEES[difference.name], difference),
  promotion: promotionText,
  sold_out: ({ name }) => `${name} has just sold out.`,
  option_gone: ({ name, detail }) => detail ?? `An option of ${name} is gone.`,
  not_available: ({ name }) => `${name} is no longer served.`,
};

const listed = (differences) =>
  h("ul", { class: "changes" }, differences.map((difference) => h("li", {}, WORDS[difference.what](difference))));

/** `accept(quote_token)` orders at the new total. */
export function changedNotice({ body: { differences, total, quote_token } }, { accept }) {
  const gone = differences.filter(({ what }) => GONE.includes(what));
  const without = () => cart.removeItems(gone.map(({ item_id }) => item_id));
  return notice(
    "warn",
    "info",
    "Something changed while you were looking.",
    " Nothing was ordered.",
    listed(differences),
    total && smallButton(`Order for ${money(total)}`, () => accept(quote_token)),
    gone.length > 0 && smallButton(gone.length === 1 ? `Remove ${gone[0].name}` : "Remove them", without),
  );
}
