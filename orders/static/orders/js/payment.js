// Ways to pay. The sandbox takes the payment provider's test methods by name; no card number is ever typed here.

import { h } from "../../deliveryapp/js/dom.js";

const METHODS = [
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

const REASONS = {
  insufficient_funds: "There is not enough money on this card.",
  generic_decline: "The bank declined this card and gave no reason.",
  expired_card: "This card has expired.",
  lost_card: "The bank declined this card.",
  stolen_card: "The bank declined this card.",
  incorrect_cvc: "The card's security code was not accepted.",
  processing_error: "The bank could not process the payment just now.",
  authentication_required: "The bank wants you to confirm this payment.",
};

export const declineReason = (code) => REASONS[code] ?? "The bank declined this card.";

export function paymentChoices(selected, onChange) {
  return METHODS.map(({ id, name, about }) =>
    h(
      "label",
      { class: "choice boxed" },
      h("input", {
        type: "radio",
        name: "payment_method",
        value: id,
        checked: id === selected,
        onchange: () => onChange(id),
      }),
      h("span", { class: "grow" }, h("span", { class: "strong" }, name), h("small", {}, about)),
    ),
  );
}

export const firstMethod = METHODS[0].id;
