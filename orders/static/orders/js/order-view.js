// How one order is shown: headline with arrival, steps with their times, receipt, history.

import { h, icon } from "../../deliveryapp/js/dom.js";
import {
  clock,
  clockRange,
  dayAndClock,
  money,
  priceDelta,
  rating,
  sentence,
  slotTime,
} from "../../deliveryapp/js/format.js";
import { sumLines } from "../../deliveryapp/js/quote.js";
import { vehicleIcon } from "./order-map.js";
import { againButton } from "./again.js";
import { alternatives, goodwillNotice } from "./amends.js";
import { refundLines, tipCard } from "./order-money.js";
import { amendedLines, swapCards } from "./swap.js";
import { ATTENTION, FINAL, LABEL, ending, headline } from "./words.js";

const STEPS = [
  ["placed", "Order placed"],
  ["confirmed", "Accepted by the kitchen"],
  ["preparing", "Cooking"],
  ["ready", "Packed"],
  ["picked_up", "On its way"],
  ["delivered", "At your door"],
];
const ORDER_OF = ["created", ...STEPS.map(([status]) => status)];
const BARS = [["created", "placed"], ["confirmed", "preparing", "ready"], ["picked_up"], ["delivered"]];

/** When the order entered a state; the kitchen may skip some. */
const reachedAt = (order, status) =>
  order.history.find((entry) => entry.to === status)?.at ?? order[`${status}_at`] ?? null;

function progress(status) {
  const at = BARS.findIndex((states) => states.includes(status));
  const kind = (index) => (index < at || status === "delivered" ? "done" : index === at ? "now" : "");
  return h(
    "div",
    { class: "progress", "aria-hidden": "true" },
    BARS.map((_, index) => h("span", { class: kind(index) })),
  );
}

function arrival({ status, ...order }, { eta }) {
  if (status === "delivered") return h("p", { class: "eta" }, clock(order.delivered_at));
  if (!eta) return null;
  const rough =
    eta.confidence === "low" &&
    h("p", { class: "muted small" }, "A rough estimate; it gets sharper on the way.");
  return [
    h(
      "p",
      { class: "eta" },
      h("span", { class: "visually-hidden" }, "Arrives between "),
      clockRange(eta.earliest_at, eta.latest_at),
    ),
    rough,
  ];
}

function driverCard(driver) {
  if (!driver) return null;
  const seen = driver.position?.stale && `Last seen ${clock(driver.position.at)}`;
  const facts = [sentence(driver.vehicle), driver.rating && `★ ${rating(driver.rating)}`, seen]
    .filter(Boolean)
    .join(" · ");
  return h(
    "div",
    { class: "driver-card" },
    h("span", { class: "figure" }, icon(vehicleIcon(driver.vehicle))),
    h(
      "div",
      { class: "grow" },
      h("p", { class: "strong" }, `${driver.name} brings your food`),
      h("p", { class: "muted small" }, facts),
    ),
  );
}

function bankLink({ payment }) {
  if (!payment?.next_action_url) return null;
  return h(
    "a",
    { class: "button primary", href: payment.next_action_url },
    icon("shield"),
    "Confirm with your bank",
  );
}

function attention(order) {
  return (order.attention ?? []).map((code) => {
    const [iconName, text] = ATTENTION[code];
    return h("div", { class: "notice warn", dataset: { attention: code } }, icon(iconName), h("p", {}, text));
  });
}

function scheduled({ scheduled_for, status, restaurant }) {
  if (!scheduled_for || status === "delivered") return null;
  const text = `Scheduled for ${slotTime(scheduled_for, restaurant.timezone)}`;
  return h("p", { class: "row strong" }, icon("clock"), text);
}

export function head(order, track, offered, onAnswered) {
  if (order.status === "cancelled" || order.status === "failed") return endedHead(order, offered);
  const [title, text] = headline(order);
  return h(
    "div",
    { class: "order-head" },
    h("p", { class: "muted small strong" }, `${order.restaurant.name} · ${order.number}`),
    h("h1", {}, title),
    scheduled(order),
    arrival(order, track),
    h("p", { class: "muted" }, text),
    swapCards(order, onAnswered),
    attention(order),
    progress(order.status),
    order.status === "created" && bankLink(order),
    order.status === "delivered" &&
      order.restaurant.slug &&
      h(
        "div",
        {},
        h(
          "a",
          { class: "button", href: `/restaurants/${order.restaurant.slug}/` },
          `More from ${order.restaurant.name}`,
        ),
      ),
    !FINAL.has(order.status) && driverCard(track.driver),
  );
}

function endedHead(order, offered) {
  const [title, why, paid] = ending(order);
  return h(
    "div",
    { class: "order-head" },
    h("p", { class: "muted small strong" }, `${order.restaurant.name} · ${order.number}`),
    h("h1", {}, title),
    why && h("p", {}, why),
    h("div", { class: "notice good" }, icon("shield"), h("p", {}, paid)),
    goodwillNotice(order),
    alternatives(offered),
    h(
      "div",
      { class: "row-wrap" },
      order.status === "failed" &&
        h("a", { class: "button primary", href: "/checkout/" }, "Back to checkout"),
      h("a", { class: "button", href: "/" }, "Find another restaurant"),
    ),
  );
}

export function steps(order) {
  const stopped = order.status === "cancelled" || order.status === "failed";
  const now = ORDER_OF.indexOf(order.status);
  const shown = stopped ? STEPS.filter(([status]) => reachedAt(order, status)) : STEPS;
  const kind = (status) => {
    const place = ORDER_OF.indexOf(status);
    if (stopped || place < now || order.status === "delivered") return "done";
    return place === now ? "now" : "";
  };
  return h(
    "ol",
    { class: "timeline" },
    shown.map(([status, text]) => step(text, reachedAt(order, status), kind(status))),
    stopped &&
      step(LABEL[order.status], order.cancelled_at ?? reachedAt(order, order.status), "stopped", "close"),
  );
}

function step(text, at, kind, iconName = "check") {
  return h(
    "li",
    { class: kind, "aria-current": kind === "now" ? "step" : null },
    h("span", { class: "dot" }, icon(iconName)),
    h("span", {}, text),
    at && h("time", { datetime: at }, clock(at)),
  );
}

function receiptLine(line) {
  const about = [
    ...line.options.map((o) => [o.name, priceDelta(o.price_delta)].filter(Boolean).join(" ")),
    line.note && `“${line.note}”`,
  ];
  return h(
    "li",
    { class: "receipt-line" },
    h("span", { class: "numbers muted" }, `${line.quantity}×`),
    h("span", {}, line.name),
    h("span", { class: "numbers" }, money(line.total)),
    about.some(Boolean) && h("span", { class: "about muted small" }, about.filter(Boolean).join(", ")),
  );
}

export function summary(order, { onCancel, onMoney, open, receipt }) {
  const { street, postcode, city, note } = order.delivery;
  return h(
    "div",
    { class: "stack" },
    h(
      "section",
      { class: "card stack" },
      h("h2", {}, "Receipt"),
      h("ul", {}, order.lines.map(receiptLine)),
      amendedLines(order),
      sumLines(order),
      h("p", { class: "muted small" }, paymentText(order)),
      refundLines(receipt),
    ),
    tipCard(order, receipt, onMoney),
    h(
      "section",
      { class: "card stack-s" },
      h("h3", {}, "Deliver to"),
      h("p", {}, [street, postcode, city].filter(Boolean).join(", ")),
      (note || order.note) &&
        h("p", { class: "muted small" }, [note, order.note].filter(Boolean).join(" · ")),
    ),
    order.cancellable &&
      h("button", { type: "button", class: "button danger", onclick: onCancel }, "Cancel order"),
    FINAL.has(order.status) && againButton(order),
    history(order, open),
  );
}

function paymentText({ payment }) {
  const credit = payment?.by_credit?.amount_minor ? `${money(payment.by_credit)} paid by your credit. ` : "";
  return (
    credit +
    ({
      pending: "The payment is being confirmed.",
      requires_action: "Your bank wants you to confirm the payment.",
      authorized: "Reserved on your card; charged when the food is picked up.",
      captured: "Charged to your card.",
      declined: "The payment was declined.",
      voided: "The reservation was released; nothing was charged.",
      partially_refunded: "Charged to your card, and partly refunded.",
      refunded: "Refunded to your card.",
    }[payment?.status] ?? "We are asking the payment provider.")
  );
}

function history(order, open) {
  if (!order.history.length) return null;
  return h(
    "details",
    { class: "history card flat", open },
    h("summary", {}, icon("list"), "What happened when"),
    h(
      "ol",
      {},
      order.history.map((entry) =>
        h(
          "li",
          {},
          h("span", {}, LABEL[entry.to] ?? sentence(entry.to)),
          h("time", { class: "muted numbers", datetime: entry.at }, dayAndClock(entry.at)),
          h(
            "span",
            { class: "muted" },
            [sentence(entry.actor), entry.reason && sentence(entry.reason)].filter(Boolean).join(": "),
          ),
        ),
      ),
    ),
  );
}
