// What the checkout says when the payment is declined, and when nobody knows yet whether the order was placed.

import { notice, smallButton } from "../../deliveryapp/js/refusals.js";
import { declineReason } from "./payment.js";

export function declinedNotice({ body }) {
  const advice = "Nothing was charged. Choose another way to pay and try again.";
  return notice("bad", "card", "The payment was declined.", `${declineReason(body.decline_code)} ${advice}`);
}

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
