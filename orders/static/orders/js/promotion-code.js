// A promotion's code at the checkout: typed, tried against the server's price, and taken out again.

import { h, replace } from "../../deliveryapp/js/dom.js";
import { minor } from "../../deliveryapp/js/format.js";
import { smallButton } from "../../deliveryapp/js/refusals.js";

const REFUSED = {
  promotion_unknown: () => "We do not know this code. Check its spelling, or whether it is for this restaurant.",
  promotion_not_yet: ({ starts_at }) => `This code is not valid yet: it begins on ${new Date(starts_at).toLocaleString()}.`,
  promotion_expired: () => "This code has expired.",
  promotion_minimum: ({ minimum_minor, currency }) => `This code needs ${minor(minimum_minor, currency)} of food.`,
  promotion_used_up: ({ by_customer }) =>
    by_customer ? "You have used this code as often as you may." : "This code has been used up by others.",
  promotion_first_order_only: () => "This code is for a first order only.",
};

export const isPromotionRefusal = ({ code }) => code in REFUSED;

/** Why a code does not count, in words; `body` is the problem, or a difference with its code. */
export const whyRefused = (body) => REFUSED[body.code]?.(body) ?? body.detail;

export class PromotionCode {
  /** `onChange` is called when the price has to be asked for anew. */
  constructor({ onChange }) {
    this.value = "";
    this.onChange = onChange;
    this.element = h("div", { class: "promotion-code" });
    this.#ask();
  }

  /** The server's price is there: say whether the code took something off. */
  priced(quote) {
    if (!this.value) return;
    const isUsed = quote.promotion?.code === this.value;
    this.#applied(isUsed ? `${this.value} is applied` : `${this.value}: what you get already takes off more`);
  }

  /** The code is not valid: it is out of the order, and still there to be mended. */
  refuse(body) {
    const typed = this.value;
    this.value = "";
    this.#ask(typed, whyRefused(body));
  }

  #ask(typed = "", why = "") {
    const input = h("input", {
      id: "promotion-code",
      name: "promotion_code",
      maxlength: 24,
      value: typed,
      autocomplete: "off",
      autocapitalize: "characters",
      spellcheck: false,
      "aria-invalid": why ? "true" : null,
      "aria-describedby": why ? "promotion-why" : null,
    });
    const apply = (event) => {
      event.preventDefault();
      this.value = input.value.trim().toUpperCase();
      if (this.value) this.onChange();
    };
    replace(
      this.element,
      h(
        "form",
        { class: "field", onsubmit: apply },
        h("label", { for: "promotion-code" }, "Promotion code"),
        h("div", { class: "row" }, input, h("button", { class: "button", type: "submit" }, "Apply")),
        why && h("p", { class: "error", id: "promotion-why", role: "alert" }, why),
      ),
    );
  }

  #applied(text) {
    const drop = () => {
      this.value = "";
      this.#ask();
      this.onChange();
    };
    replace(
      this.element,
      h("div", { class: "spread" }, h("span", { class: "badge good", role: "status" }, text), smallButton("Remove code", drop)),
    );
  }
}
