// Why a cart is not priced or an order not taken, in words that say what to do next.

import { chooseAddress } from "./address-dialog.js";
import { loginUrl } from "./api.js";
import { cart } from "./cart.js";
import { h, icon } from "./dom.js";
import { minor, opens } from "./format.js";

/** A coloured box: what happened in bold, what it means, and buttons for what can be done. */
export function notice(kind, iconName, title, text, ...actions) {
  return h(
    "div",
    { class: `notice ${kind}` },
    icon(iconName),
    h(
      "div",
      { class: "grow stack-s" },
      h("p", {}, h("span", { class: "strong" }, title), text),
      actions.filter(Boolean),
    ),
  );
}

export const smallButton = (text, onclick, kind = "") =>
  h("button", { type: "button", class: `button small ${kind}`, onclick }, text);

function removeItem({ body }) {
  const line = cart.lines.find(({ item_id }) => item_id === body.item_id);
  return line && smallButton(`Remove ${line.name}`, () => cart.removeItems([body.item_id]));
}

/** Take what is left, where the cart has the item in one line. */
function fewer({ body }) {
  const lines = cart.lines.filter(({ item_id }) => item_id === body.item_id);
  if (lines.length !== 1 || !body.left) return null;
  return smallButton(`Take ${body.left}`, () => cart.setQuantity(lines[0].key, body.left));
}

function belowMinimum({ minimum_minor, currency }) {
  const missing = minor(Math.max(0, minimum_minor - cart.estimate_minor), currency);
  const least = minor(minimum_minor, currency);
  return notice("warn", "bag", `${missing} to go.`, `The kitchen cooks from ${least} of food.`);
}

const BY_CODE = {
  minimum_not_met: (error) => belowMinimum(error.body),
  address_out_of_range: () =>
    notice(
      "warn",
      "pin",
      "They do not deliver that far.",
      "Choose another address, or a kitchen nearer to you.",
      smallButton("Change address", chooseAddress),
    ),
  restaurant_closed: ({ body }) =>
    notice(
      "warn",
      "clock",
      "The kitchen takes no orders now.",
      body.next_opening_at
        ? `${opens(body.next_opening_at)}. Your cart will wait.`
        : "Your cart will wait until it opens.",
    ),
  item_unavailable: (error) =>
    notice("warn", "alert", "Something just sold out.", error.detail, removeItem(error)),
  item_out_of_stock: (error) =>
    notice("warn", "alert", "Somebody was quicker.", error.detail, fewer(error), removeItem(error)),
  item_not_served: (error) =>
    notice(
      "warn",
      "clock",
      error.detail,
      error.body.next_served_at ? `${opens(error.body.next_served_at).replace("Opens", "From")}.` : "",
      removeItem(error),
    ),
  item_not_found: (error) =>
    notice("warn", "alert", "Something left the menu.", "Remove it to go on.", removeItem(error)),
  option_invalid: (error) =>
    notice("warn", "alert", "The menu has changed.", "Choose this dish again.", removeItem(error)),
  card_number_refused: () =>
    notice(
      "bad",
      "card",
      "Please take the card number out.",
      "Never write it into a note: nobody here may see it. Nothing was saved.",
    ),
  payment_method_not_found: () =>
    notice("warn", "card", "This card is no longer saved.", "Choose another way to pay."),
  quote_mismatch: () =>
    notice("warn", "info", "Your order has changed.", "Look at the new total and press again if you agree."),
  price_changed: () =>
    notice("warn", "info", "The price has changed.", "Look at the new total and press again if you agree."),
};

export function refusalNotice(error, { again }) {
  const known = BY_CODE[error.code];
  if (known) return known(error);
  if (error.status === 401) {
    const signIn = h("a", { class: "button small", href: loginUrl() }, "Sign in");
    return notice("warn", "user", "Sign in to continue.", "Your cart is kept.", signIn);
  }
  if (error.noAnswer || error.status >= 500) {
    const title = error.noAnswer ? "No connection." : "Something went wrong on our side.";
    return notice("warn", "wifi-off", title, error.detail, smallButton("Try again", again));
  }
  const fields = error.errors.map(({ detail }) => detail);
  return notice(
    "bad",
    "alert",
    "This cannot be ordered.",
    [error.detail, ...fields].filter(Boolean).join(" "),
  );
}
