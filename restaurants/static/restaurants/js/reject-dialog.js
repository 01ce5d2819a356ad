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

/** Resolves to {reason, detail}, undefined when the kitchen changed its mind. The order says which reasons fit now. */
export async function askReason(order) {
  const isConfirmed = order.status !== "placed";
  const reasons = REASONS.filter(([value]) => order.reject_reasons.includes(value));
  const detail = h("textarea", { id: "reject-detail", maxlength: 120 });
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
    isConfirmed &&
      h("p", { class: "muted" }, "You confirmed this order. The customer gets everything back, and you are not paid for it."),
    reasons.map(radio),
    h("div", { class: "field" }, h("label", { for: "reject-detail" }, "Anything to add?"), detail),
  );
  const keep = h("button", { type: "button", class: "button" }, "Go back");
  const send = h("button", { type: "button", class: "button danger solid" }, isConfirmed ? "Cancel order" : "Reject order");
  const opened = openDialog({ title: `${isConfirmed ? "Cancel" : "Reject"} ${order.number}?`, body: form, foot: [keep, send] });
  keep.addEventListener("click", () => opened.close());
  send.addEventListener("click", () =>
    opened.close({ reason: new FormData(form).get("reason"), detail: detail.value.trim() }),
  );
  return opened.closed;
}
