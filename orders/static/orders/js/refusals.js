// What the checkout says when the payment is declined, when nobody knows yet whether the order was placed, and when the
// same cart was ordered a moment ago.

import { serverNow_ms } from "../../deliveryapp/js/api.js";
import { h } from "../../deliveryapp/js/dom.js";
import { ago } from "../../deliveryapp/js/format.js";
import { notice, smallButton } from "../../deliveryapp/js/refusals.js";
import { declineReason } from "../../payments/js/saved-cards.js";
import { LABEL } from "./words.js";

export function declinedNotice({ body }) {
  const advice = "Nothing was charged. Choose another way to pay and try again.";
  return notice("bad", "card", "The payment was declined.", `${declineReason(body.decline_code)} ${advice}`);
}

/** Nobody takes payments now. The button counts down to when it is worth another try, and asks nothing by itself. */
export function unavailableNotice({ body }, { again }) {
  const button = smallButton("Try again", again);
  const ready_at_ms = Date.now() + (body.retry_after_s ?? 5) * 1000;
  const count = () => {
    const left_s = Math.ceil((ready_at_ms - Date.now()) / 1000);
    button.disabled = left_s > 0;
    button.textContent = left_s > 0 ? `Try again in ${left_s} s` : "Try again";
    if (left_s > 0) setTimeout(count, 250);
  };
  count();
  return notice(
    "warn",
    "card",
    "Payments are unavailable right now.",
    "Nothing was ordered and nothing was charged. Your cart is kept.",
    h("div", { "aria-live": "off" }, button),
  );
}

/** The provider's form is not filled in, or did not load. */
export const cardFormNotice = (error) => notice("bad", "card", "We need a card.", error.message);

export const askingNotice = () =>
  notice(
    "warn",
    "refresh",
    "Still asking…",
    "The answer is slow. We are asking again with the same key, so nothing is ordered twice.",
  );

/** Asking again is safe and says so; `forget` is offered for an attempt from long ago. */
export function noAnswerNotice({ again, forget = null }) {
  return notice(
    "warn",
    "wifi-off",
    "We did not hear back.",
    "Your order may or may not have been placed. Ask again: it is the same order, it cannot be placed or charged twice.",
    smallButton("Ask again", again),
    forget && smallButton("Forget it", forget, "ghost"),
  );
}

/** A second click or a second wish? Only the customer knows; `again` orders it once more. */
export function duplicateNotice({ body: { earlier_order: earlier } }, { again }) {
  return notice(
    "warn",
    "receipt",
    `You ordered this ${ago(earlier.created_at, serverNow_ms())} — order it again?`,
    `Order ${earlier.number} (${LABEL[earlier.status].toLowerCase()}) has the same dishes for the same door.`,
    h(
      "div",
      { class: "row-wrap" },
      h("a", { class: "button small", href: `/orders/${earlier.id}/` }, "See that order"),
      smallButton("Order it again", again),
    ),
  );
}
