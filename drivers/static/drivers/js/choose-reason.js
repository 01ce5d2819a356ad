// One tap for why: declining an offer, giving a delivery back.

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
