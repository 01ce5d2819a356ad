// Ways to pay: the saved cards, and a new one. A new card is typed into the provider's form, or is one of the sandbox's
// test cards by name; no card number is ever typed here.

import { $$, h, replace } from "../../deliveryapp/js/dom.js";
import { notice, smallButton } from "../../deliveryapp/js/refusals.js";
import { skeletonLines } from "../../deliveryapp/js/ui.js";
import { CardFormError, cardEntry, cardGateway, isTestMode, mountPaymentForm } from "../../payments/js/card-form.js";
import { cardExpiry, cardName, savedCards } from "../../payments/js/saved-cards.js";

const TEST_METHODS = [
  { id: "pm_card_visa", name: "Visa •••• 4242", about: "Goes through" },
  {
    id: "pm_card_threeDSecure2Required",
    name: "Visa •••• 3220",
    about: "Asks you to confirm with your bank (3-D Secure)",
  },
  { id: "pm_card_visa_chargeDeclined", name: "Visa •••• 0002", about: "Declined by the bank" },
  {
    id: "pm_card_visa_chargeDeclinedInsufficientFunds",
    name: "Visa •••• 9995",
    about: "Declined: not enough money",
  },
];
const NEW_CARD = "new card";
const NEW_WAYS = {
  element: [{ id: NEW_CARD, name: "New card", about: "It goes straight to our payment provider" }],
  sandbox: TEST_METHODS,
  nowhere: [],
}[cardEntry];

export const testBadge = () =>
  isTestMode && h("span", { class: "badge info test-badge" }, "Test mode: no real money");

/** The part of the checkout where the way to pay is chosen; `onPick()` is called when the customer picks another one. */
export class PaymentChoice {
  #saved = h("div", { class: "ways" });
  #newTitle = h("p", { class: "label", hidden: true }, "Another card");
  #form = h("div", { class: "card-form inline", hidden: true });
  #chosen = null;
  #byHand = false;
  #total = null;
  #mounted = null;
  #onPick;

  constructor({ onPick }) {
    this.#onPick = onPick;
    const ways = NEW_WAYS.map(({ id, name, about }) => this.#way(id, name, about));
    this.element = h("div", {}, this.#saved, h("div", { class: "ways" }, this.#newTitle, ways, this.#form));
    if (NEW_WAYS.length) this.#choose(NEW_WAYS[0].id);
    this.#load();
  }

  /** What will be paid, as the provider's form has to know it. */
  priced(total) {
    this.#total = total;
    if (this.#chosen === NEW_CARD) this.#showForm();
    this.#mounted?.then(
      (form) => form.update(total),
      () => null, // it says so itself
    );
  }

  /** The part of the order's body that says how it is paid. Throws CardFormError when that is not clear yet. */
  async method() {
    if (!this.#chosen) throw new CardFormError("Choose how to pay.");
    if (this.#chosen !== NEW_CARD) return { payment_method: this.#chosen };
    const form = await this.#mount();
    return { payment_method: await form.method(), payment_gateway: cardGateway };
  }

  /** Whoever picked something before the saved cards were here keeps it. */
  async #load() {
    replace(this.#saved, skeletonLines(2));
    try {
      this.#show(await savedCards());
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      const again = smallButton("Try again", () => this.#load());
      replace(this.#saved, notice("warn", "wifi-off", "Your saved cards are not here.", error.detail, again));
    }
  }

  #show(cards) {
    this.#newTitle.hidden = cards.length === 0;
    replace(
      this.#saved,
      cards.length > 0 && h("p", { class: "label" }, "Saved cards"),
      cards.map((card) => this.#way(card.id, cardName(card), cardExpiry(card), card.expired)),
      !cards.length && cardEntry === "nowhere" && this.#noWay(),
    );
    const first = cards.find((card) => !card.expired);
    this.#choose(this.#byHand || !first ? this.#chosen : first.id);
  }

  #noWay() {
    return notice("warn", "card", "You have no saved card.", "New cards cannot be entered right now.");
  }

  #way(id, name, about, disabled = false) {
    const input = h("input", {
      type: "radio",
      name: "payment_method",
      value: id,
      disabled,
      onchange: () => {
        this.#byHand = true;
        this.#choose(id);
        this.#onPick();
      },
    });
    const text = h("span", { class: "grow" }, h("span", { class: "strong" }, name), h("small", {}, about));
    return h("label", { class: "choice boxed" }, input, text);
  }

  #choose(id) {
    this.#chosen = id;
    for (const input of $$("input[name=payment_method]", this.element)) input.checked = input.value === id;
    this.#form.hidden = id !== NEW_CARD;
    if (id === NEW_CARD) this.#showForm();
  }

  #showForm() {
    if (!this.#total) return;
    this.#mount().catch((error) => {
      if (error.name !== "CardFormError") throw error;
      const again = smallButton("Try again", () => this.#showForm());
      replace(this.#form, notice("bad", "alert", "No card form.", error.message, again));
    });
  }

  /** Once; a form that could not be loaded is tried anew the next time. */
  #mount() {
    this.#mounted ??= this.#fresh().catch((error) => {
      this.#mounted = null;
      throw error;
    });
    return this.#mounted;
  }

  #fresh() {
    replace(this.#form, skeletonLines(4));
    return mountPaymentForm(this.#form, this.#total);
  }
}
