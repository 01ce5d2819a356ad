// One tap for why: declining an offer, giving a delivery back, a step from far away.

import { ApiError } from "../../deliveryapp/js/api.js";
import { h } from "../../deliveryapp/js/dom.js";
import { openDialog } from "../../deliveryapp/js/ui.js";

export const DECLINE = [
  ["too_far", "Too far"],
  ["busy", "Busy right now"],
  ["vehicle", "Problem with my vehicle"],
  ["other", "Another reason"],
];
export const GIVE_BACK = [
  ["too_long", "The kitchen takes too long"],
  ["vehicle", "Problem with my vehicle"],
  ["accident", "Accident"],
  ["other", "Another reason"],
];

const FAR_AWAY = [
  ["wrong_position", "My position is wrong"],
  ["met_elsewhere", "We met elsewhere"],
  ["wrong_address", "The address is wrong"],
  ["other", "Another reason"],
];

/** Resolves to the code of the reason, undefined when dismissed. */
export async function chooseReason(title, text, reasons) {
  const opened = openDialog({
    title,
    body: h(
      "div",
      { class: "stack" },
      h("p", { class: "muted" }, text),
      h(
        "div",
        { class: "stack-s" },
        reasons.map(([code, label]) =>
          h("button", { type: "button", class: "button wide", onclick: () => opened.close(code) }, label),
        ),
      ),
    ),
  });
  return opened.closed;
}

/**
 * Reports a step by `post(extra)`. Where the platform sees the driver far away, he may say why and insist;
 * without a reason the refusal stands.
 */
export async function reportStep(post) {
  try {
    return await post({});
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "too_far_away") throw error;
    const override_reason = await chooseReason(
      "You seem to be somewhere else",
      `Your position is ${(error.body.distance_m / 1000).toFixed(1)} km away. Support is told; why is it right all the same?`,
      FAR_AWAY,
    );
    if (!override_reason) throw error;
    return post({ override_reason });
  }
}
