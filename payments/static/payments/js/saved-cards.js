// Saved cards: what the API knows of them, and how people call them.

import { api } from "../../deliveryapp/js/api.js";

const BRANDS = {
  visa: "Visa",
  mastercard: "Mastercard",
  amex: "American Express",
  discover: "Discover",
  diners: "Diners Club",
  jcb: "JCB",
  unionpay: "UnionPay",
  cartes_bancaires: "Cartes Bancaires",
};

export const cardName = ({ brand, last4 }) => `${BRANDS[brand] ?? "Card"} •••• ${last4}`;

const twoDigits = (number) => String(number % 100).padStart(2, "0");

export function cardExpiry({ exp_month, exp_year, expired }) {
  return `${expired ? "Expired" : "Expires"} ${twoDigits(exp_month)}/${twoDigits(exp_year)}`;
}

/** The default first, then the youngest. */
export async function savedCards() {
  const { results } = await api.get("cards/", { params: { limit: 100 } });
  return results.sort((a, b) => Number(b.is_default) - Number(a.is_default));
}

const REASONS = {
  insufficient_funds: "There is not enough money on this card.",
  generic_decline: "The bank declined this card and gave no reason.",
  expired_card: "This card has expired.",
  lost_card: "The bank declined this card.",
  stolen_card: "The bank declined this card.",
  incorrect_cvc: "The card's security code was not accepted.",
  processing_error: "The bank could not process the payment just now.",
  authentication_required: "The bank wants you to confirm this payment.",
  payment_intent_authentication_failure: "Your bank could not confirm that it was you.",
  setup_intent_authentication_failure: "Your bank could not confirm that it was you.",
};

export const declineReason = (code) => REASONS[code] ?? "The bank declined this card.";
