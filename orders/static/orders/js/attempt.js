// Placing an order exactly once. The key and the body are kept before the first send, until an answer came; whatever
// happens between (double click, lost network, reload), the same key goes with the same body, and the server answers the same.

import { api } from "../../deliveryapp/js/api.js";
import { newId } from "../../deliveryapp/js/ids.js";

const KEY = "order-attempt";
const TRIES = 6;
const LONGEST_WAIT_MS = 8000;
const IN_FLIGHT = /in_flight|in_progress|being_processed/;

const FRESH_MS = 3 * 60_000;

export const pendingAttempt = () => JSON.parse(sessionStorage.getItem(KEY));
export const forgetAttempt = () => sessionStorage.removeItem(KEY);

/** Young enough that the person still means it; an older one must not turn into an order without being asked. */
export const isFresh = (attempt) => Date.now() - attempt.began_at_ms < FRESH_MS;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const keep = (attempt) => sessionStorage.setItem(KEY, JSON.stringify(attempt));

function begin(body) {
  const attempt = { key: newId(), body, began_at_ms: Date.now() };
  keep(attempt);
  return attempt;
}

/** No answer, an answer that says nothing about the order, or "the first try is still running": ask again with the same key. */
const isOpen = (error) =>
  error.noAnswer || error.status >= 500 || error.status === 429 || IN_FLIGHT.test(error.code);

/** "No payments right now" says that nothing was ordered; unless an earlier try with this key may still be on its way. */
const isRefusal = (error, attempt) =>
  !isOpen(error) || (error.code === "payment_unavailable" && !attempt.unheard);

/**
 * Sends `body`, or the attempt that is still unanswered. Resolves to {status: 201|202, body: order}. Throws the ApiError of a
 * refusal (then the next call starts a new attempt) or of the last silence (then the next call repeats this very one).
 */
export async function placeOrder(body, { onWait = () => {} } = {}) {
  const attempt = pendingAttempt() ?? begin(body);
  for (let n = 1; ; n += 1) {
    try {
      const answer = await api.full("POST", "orders/", {
        body: attempt.body,
        headers: { "Idempotency-Key": attempt.key },
        timeout_ms: 20_000,
      });
      forgetAttempt();
      return answer;
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      if (isRefusal(error, attempt)) {
        forgetAttempt();
        throw error;
      }
      attempt.unheard = true;
      keep(attempt);
      if (n >= TRIES) throw error;
      onWait(n);
      await pause(Math.min(LONGEST_WAIT_MS, 600 * 2 ** n) * (0.7 + 0.6 * Math.random()));
    }
  }
}
