// What each state of an order is called, and what a customer should know about it.

import { declineReason } from "../../payments/js/saved-cards.js";

export const LABEL = {
  created: "Confirming payment",
  placed: "Waiting for the kitchen",
  confirmed: "Accepted",
  preparing: "Cooking",
  ready: "Ready",
  picked_up: "On its way",
  delivered: "Delivered",
  cancelled: "Cancelled",
  failed: "Not placed",
};

const ANSWER_MS = 5 * 60_000;
export const FINAL = new Set(["delivered", "cancelled", "failed"]);
const BADGE = { delivered: "good", cancelled: "", failed: "bad", created: "warn", placed: "warn" };

export const badgeKind = (status) => BADGE[status] ?? "info";

/** Whose kitchen has not seen the scheduled order yet. */
const isForLater = ({ scheduled_for, respond_by }) =>
  scheduled_for && Date.parse(respond_by) - Date.now() > ANSWER_MS;

/** [headline, explanation] of a running order. */
export function headline(order) {
  const name = order.restaurant.name;
  if (order.status === "placed" && isForLater(order))
    return [
      "Ordered for later",
      `${name} gets your order in time. The money is reserved; until then you can cancel free of charge.`,
    ];
  return {
    created: ["Confirming your payment", "This takes a moment. You can leave this page; the order goes on."],
    placed: [
      "Waiting for the kitchen",
      `${name} has your order on the screen. If nobody accepts it in time, it is cancelled and nothing is charged.`,
    ],
    confirmed: ["Accepted", `${name} will start cooking soon.`],
    preparing: ["Your food is cooking", `${name} is at the stove.`],
    ready: ["Packed and ready", "Your food waits for its driver."],
    picked_up: ["On its way to you", "Follow the driver on the map."],
    delivered: ["Enjoy your meal", "Delivered to your door."],
  }[order.status];
}

const CANCELLED = {
  restaurant_timeout: (name) => `${name} did not answer in time, so we cancelled the order for you.`,
  restaurant_closed: (name) =>
    `${name} closed unexpectedly and could not cook your order, so we cancelled it for you.`,
  no_driver: () => "We could not find a driver for this order. We are sorry.",
  cancelled_by_customer: () => "You cancelled this order.",
  cancelled_by_support: () => "Our support cancelled this order.",
};

/** [icon, what to know of right now] by the code that the API gives. */
export const ATTENTION = {
  order_late: ["clock", "The kitchen is running late. We reminded them, and the arrival time is up to date."],
  search_takes_longer: [
    "bike",
    "Finding a driver takes longer than usual. We keep looking; you may cancel free of charge.",
  ],
  driver_changed: ["bike", "We lost contact with your driver and are finding you another one."],
  driver_silent: ["alert", "We have lost contact with your driver and are checking on them."],
};

/** Causes for which the restaurant has to answer: we offer others. */
export const RESTAURANTS_FAULT = new Set([
  "rejected_by_restaurant",
  "restaurant_timeout",
  "restaurant_closed",
  "cancelled_by_restaurant",
]);

/** What the kitchen chose when it rejected; the history keeps it behind the code: "rejected_by_restaurant: too_busy". */
const REJECTED = [
  ["too_busy", (name) => `${name} has too much to do right now.`],
  ["closing_early", (name) => `${name} is closing early today.`],
  ["item_unavailable", (name) => `${name} has run out of something you ordered.`],
  ["kitchen_problem", (name) => `Something went wrong in the kitchen of ${name}.`],
];

function whyCancelled({ cancel_reason: code, restaurant: { name }, history }) {
  if (CANCELLED[code]) return CANCELLED[code](name);
  const said = history.at(-1)?.reason ?? "";
  const known = REJECTED.find(([reason]) => said.includes(reason));
  return known ? known[1](name) : `${name} could not take the order.`;
}

function whyFailed({ failure, payment }) {
  if (failure?.code === "payment_declined") return declineReason(payment?.decline_code || failure.detail);
  if (failure?.code === "cancelled_by_customer") return "You cancelled before the payment went through.";
  return "The payment did not go through.";
}

const money = {
  captured: "Your card was charged.",
  refunded: "Your money is on its way back.",
  voided: "Nothing was charged; the reservation on your card is released.",
  authorized: "Nothing was charged; the reservation on your card is being released.",
};

/** [headline, explanation, what happens to the money] of an order that ended without food. */
export function ending(order) {
  const paid = money[order.payment?.status] ?? "Nothing was charged.";
  if (order.status === "failed") return ["The order was not placed", whyFailed(order), paid];
  return ["The order was cancelled", whyCancelled(order), paid];
}
