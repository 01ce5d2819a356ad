// Why the kitchen cannot take an order. The customer reads the reason in kind words.

import { h } from "../../deliveryapp/js/dom.js";
import { openDialog } from "../../deliveryapp/js/ui.js";

const REASONS = [
  ["too_busy", "Too busy"],
  ["item_unavailable", "Something is sold out"],
  ["closing_early", "Closing early"],
  ["kitchen_problem", "Problem in the kitchen"],
  ["other", "Another reason"],
];

/** Resolves to {reason, detail}, undefined when the kitchen changed its mind. */
export async function askReason(order) {
  const detail = h("textarea", { id: "reject-detail", maxlength: 200 });
  const radio = ([value, text], index) =>
    h(
      "label",
      { class: "choice" },
      h("input", { type: "radio", name: "reason", value, checked: index === 0 }),
      h("span", { class: "grow" }, text),
    );
  const form = h(
    "form",
    {},
    REASONS.map(radio),
    h("div", { class: "field" }, h("label", { for: "reject-detail" }, "Anything to add?"), detail),
  );
  const keep = h("button", { type: "button", class: "button" }, "Go back");
  const send = h("button", { type: "button", class: "button danger solid" }, "Reject order");
  const opened = openDialog({ title: `Reject ${order.number}?`, body: form, foot: [keep, send] });
  keep.addEventListener("click", () => opened.close());
  send.addEventListener("click", () =>
    opened.close({ reason: new FormData(form).get("reason"), detail: detail.value.trim() }),
  );
  return opened.closed;
}
