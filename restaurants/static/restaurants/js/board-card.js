// One order as the kitchen sees it, with exactly the acts its state allows.

import { h, icon, replace } from "../../deliveryapp/js/dom.js";
import { clock, money, sentence } from "../../deliveryapp/js/format.js";

const PREP_MINUTES = [10, 15, 20, 30, 45];
const USUAL_MINUTES = 20;
const LATER_MINUTES = 10;
const LONGEST_MINUTES = 180;

/** From now: what was promised, or now when that is over, and some minutes more. */
function minutesLater({ ready_at }) {
  const left = Math.max(0, Math.ceil((Date.parse(ready_at) - Date.now()) / 60_000));
  return Math.min(LONGEST_MINUTES, left + LATER_MINUTES);
}

function dish({ quantity, name, options, note }) {
  return h(
    "li",
    { class: "dish" },
    h("span", { class: "quantity" }, `${quantity}×`),
    h("span", {}, name),
    options.length > 0 && h("small", {}, options.join(", ")),
    note && h("span", { class: "wish" }, note),
  );
}

/** The element's text is counted down by the page's clock; `label` says what for. */
const countdownTo = (at, label) =>
  h("span", { class: "deadline", dataset: { deadline: at }, role: "timer", "aria-label": label });

function top(order, { print }) {
  const deadline =
    order.status === "placed"
      ? order.respond_by && countdownTo(order.respond_by, "Time left to answer")
      : ["confirmed", "preparing"].includes(order.status) &&
        order.ready_at &&
        countdownTo(order.ready_at, "Time left to cook");
  return h(
    "div",
    { class: "top" },
    h(
      "div",
      {},
      h("div", { class: "number" }, order.number),
      h("div", { class: "small muted" }, `${order.customer_first_name} · ${clock(order.placed_at)}`),
      order.scheduled_for &&
        h("div", { class: "badge info for-later" }, icon("clock"), `For ${clock(order.scheduled_for)}`),
    ),
    deadline || h("span", { class: "grow" }),
    h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": `Print ticket ${order.number}`,
        onclick: () => print(order),
      },
      icon("print"),
    ),
  );
}

function newActs(order, { accept, reject }) {
  let minutes = order.prep_minutes ?? USUAL_MINUTES;
  const go = h("button", {
    type: "button",
    class: "button good",
    onclick: (event) => accept(order, minutes, event.currentTarget),
  });
  const choices = PREP_MINUTES.map((value) =>
    h(
      "label",
      { class: "chip" },
      h("input", {
        type: "radio",
        name: `prep-${order.id}`,
        checked: value === minutes,
        onchange: () => {
          minutes = value;
          paint();
        },
      }),
      `${value}′`,
    ),
  );
  const paint = () => replace(go, `Accept · ${minutes} min`);
  paint();
  return [
    h("div", { class: "prep", role: "radiogroup", "aria-label": "Preparation time in minutes" }, choices),
    h(
      "div",
      { class: "acts" },
      go,
      h(
        "button",
        { type: "button", class: "button ghost", onclick: (event) => reject(order, event.currentTarget) },
        "Reject",
      ),
    ),
  ];
}

function acts(order, actions) {
  const button = (text, verb, kind) =>
    h(
      "button",
      {
        type: "button",
        class: `button ${kind}`,
        onclick: (event) => actions.advance(order, verb, event.currentTarget),
      },
      text,
    );
  if (order.status === "placed") return newActs(order, actions);
  const later = h(
    "button",
    {
      type: "button",
      class: "button ghost",
      "aria-label": `${LATER_MINUTES} minutes more for ${order.number}`,
      onclick: (event) => actions.later(order, minutesLater(order), event.currentTarget),
    },
    `+${LATER_MINUTES} min`,
  );
  const cancel = h(
    "button",
    {
      type: "button",
      class: "link-button small give-up",
      "aria-label": `Cancel ${order.number}`,
      onclick: (event) => actions.giveUp(order, event.currentTarget),
    },
    "Cancel this order",
  );
  if (order.status === "confirmed")
    return [
      h(
        "div",
        { class: "acts" },
        button("Start cooking", "preparing", "primary"),
        button("Ready", "ready", ""),
        later,
      ),
      cancel,
    ];
  if (order.status === "preparing")
    return [h("div", { class: "acts" }, button("Ready", "ready", "good"), later), cancel];
  return order.status === "ready" ? cancel : null;
}

const DRIVER_STATUS = {
  assigned: "is on the way to you",
  arrived: "is here",
  picked_up: "has the food",
  delivered: "has delivered",
};

function driver(order) {
  if (order.status === "placed") return null;
  if (!order.driver) return h("p", { class: "who" }, icon("bike"), "Looking for a driver");
  return h(
    "p",
    { class: "who" },
    icon("bike"),
    h(
      "span",
      {},
      h("span", { class: "strong" }, order.driver.name),
      ` ${DRIVER_STATUS[order.driver.status] ?? sentence(order.driver.status)}`,
    ),
  );
}

function goneCard(order, { dismiss }) {
  return [
    h("div", { class: "number" }, order.number),
    h("p", { class: "strong" }, "This order was cancelled. Stop cooking it."),
    h("ul", {}, order.lines.map(dish)),
    h(
      "button",
      { type: "button", class: "button danger solid", onclick: () => dismiss(order) },
      "Understood",
    ),
  ];
}

/** The contents of a ticket's <li>; rebuilt only when the order itself has changed. */
export function ticketContent({ order, gone }, actions) {
  if (gone) return goneCard(order, actions);
  return [
    top(order, actions),
    order.note && h("p", { class: "order-note" }, order.note),
    h("ul", {}, order.lines.map(dish)),
    h(
      "div",
      { class: "spread small muted" },
      driver(order) ?? h("span", {}, `Ticket ${order.ticket_seq}`),
      h("span", { class: "numbers" }, money(order.total)),
    ),
    acts(order, actions),
  ];
}

/** What goes on paper: no prices, big quantities, wishes in a box. */
export function paperTicket(order, restaurantName) {
  const line = ({ quantity, name, options, note }) =>
    h(
      "div",
      { class: "line" },
      h("span", {}, `${quantity}×`),
      h("span", {}, name),
      options.length > 0 && h("small", {}, options.join(", ")),
      note && h("small", {}, `! ${note}`),
    );
  return h(
    "article",
    {},
    h("p", {}, restaurantName),
    h("h1", {}, order.number),
    h(
      "p",
      {},
      `${order.customer_first_name} · placed ${clock(order.placed_at)}${order.ready_at ? ` · ready ${clock(order.ready_at)}` : ""}`,
    ),
    order.note && h("p", { class: "wish" }, order.note),
    order.lines.map(line),
  );
}
