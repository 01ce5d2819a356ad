// Why an order was not taken, in words that say what to do next.

import { cart } from "../../deliveryapp/js/cart.js";
import { h, icon } from "../../deliveryapp/js/dom.js";
import { opens } from "../../deliveryapp/js/format.js";
import { loginUrl } from "../../deliveryapp/js/api.js";
import { declineReason } from "./payment.js";

function notice(kind, iconName, title, text, ...actions) {
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

/** The items that the problem names: `item_id`, `item_ids`, or none. */
const namedItems = (body) => body.item_ids ?? [body.item_id].filter(Boolean);

function removeSoldOut(error) {
  const ids = namedItems(error.body);
  const names = cart.lines.filter((line) => ids.includes(line.item_id)).map((line) => line.name);
  if (!names.length) return null;
  return h(
    "button",
    { type: "button", class: "button small", onclick: () => cart.removeItems(ids) },
    `Remove ${names.join(", ")}`,
  );
}

const BY_CODE = {
  payment_declined: (error) =>
    notice(
      "bad",
      "card",
      "The payment was declined.",
      `${declineReason(error.body.decline_code)} Nothing was charged. Choose another way to pay and try again.`,
    ),
  restaurant_closed: (error) =>
    notice(
      "warn",
      "clock",
      "The restaurant is closed.",
      error.body.next_opening_at
        ? `${opens(error.body.next_opening_at)}. Your cart will wait.`
        : "Your cart will wait until it opens.",
    ),
  item_unavailable: (error) =>
    notice("warn", "alert", "Something just sold out.", error.detail, removeSoldOut(error)),
  price_changed: () =>
    notice("warn", "info", "The price has changed.", "Look at the new total and press again if you agree."),
};

export function refusalNotice(error, { again }) {
  const known = BY_CODE[error.code];
  if (known) return known(error);
  if (error.status === 401) {
    return notice(
      "warn",
      "user",
      "You are signed out.",
      "Sign in to continue. Your cart is kept.",
      h("a", { class: "button small", href: loginUrl() }, "Sign in"),
    );
  }
  const retry =
    (error.noAnswer || error.status >= 500) &&
    h("button", { type: "button", class: "button small", onclick: again }, "Try again");
  const fields = error.errors.map(({ detail }) => detail).join(" ");
  return notice(
    error.noAnswer ? "warn" : "bad",
    error.noAnswer ? "wifi-off" : "alert",
    error.noAnswer ? "No connection." : "This order cannot be placed.",
    [error.detail, fields].filter(Boolean).join(" "),
    retry,
  );
}

/** Nobody knows yet whether the order was placed; asking again is safe and says so. */
export function noAnswerNotice({ retrying = false, again = null, forget = null }) {
  if (retrying)
    return notice(
      "warn",
      "refresh",
      "Still asking…",
      "The answer is slow. We are asking again with the same key, so nothing is ordered twice.",
    );
  return notice(
    "warn",
    "wifi-off",
    "We did not hear back.",
    "Your order may or may not have been placed. Ask again: it is the same order, it cannot be placed or charged twice.",
    h("button", { type: "button", class: "button small", onclick: again }, "Ask again"),
    forget && h("button", { type: "button", class: "button small ghost", onclick: forget }, "Forget it"),
  );
}
