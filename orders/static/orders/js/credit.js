// The customer's credit at the checkout: offered when there is some, spent before the card.

import { api } from "../../deliveryapp/js/api.js";
import { h, replace } from "../../deliveryapp/js/dom.js";
import { minor } from "../../deliveryapp/js/format.js";

/** Of the cart's currency, in minor units; 0 when there is none or nobody is signed in. */
export async function creditOf(currency) {
  try {
    const { results } = await api.get("credit/");
    return results.find((balance) => balance.currency === currency)?.amount_minor ?? 0;
  } catch (error) {
    if (error.name !== "ApiError") throw error;
    return 0;
  }
}

export class CreditChoice {
  constructor({ onChange }) {
    this.element = h("div");
    this.balance_minor = 0;
    this.isUsed = false;
    this.onChange = onChange;
  }

  async load(currency) {
    this.balance_minor = await creditOf(currency);
    if (!this.balance_minor) return;
    const box = h("input", { type: "checkbox", name: "use_credit" });
    box.addEventListener("change", () => {
      this.isUsed = box.checked;
      this.onChange();
    });
    const text = `Use ${minor(this.balance_minor, currency)} of credit`;
    replace(this.element, h("label", { class: "choice boxed" }, box, h("span", { class: "grow" }, text)));
  }

  /** What the credit pays of a total and what is left for the card; null when it is not used. */
  split(total) {
    if (!this.isUsed) return null;
    const paid_minor = Math.min(this.balance_minor, total.amount_minor);
    const left = minor(total.amount_minor - paid_minor, total.currency);
    return h(
      "p",
      { class: "small strong", id: "credit-split" },
      `${minor(paid_minor, total.currency)} from your credit, ${left} from your card`,
    );
  }
}
