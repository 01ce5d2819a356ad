// One order as the kitchen sees it, with exactly the acts its state allows.

import { serverNow_ms } from "../../deliveryapp/js/api.js";
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

const AMENDABLE = new Set(["placed", "confirmed", "preparing"]);

/** `missing` is what to do when the kitchen does not have it; none on a card that is only looked at. */
function dish(line, missing = null) {
  const { quantity, name, options, note } = line;
  return h(
    "li",
    { class: "dish" },
    h("span", { class: "quantity" }, `${quantity}×`),
    h(
      "span",
      { class: "spread" },
      name,
      missing &&
        h(
          "button",
          {
            type: "button",
            class: "link-button small missing",
            "aria-label": `${name} is missing`,
            onclick: (event) => missing(line, event.currentTarget),
          },
          "Missing?",
        ),
    ),
    options.length > 0 && h("small", {}, options.join(", ")),
    note && h("span", { class: "wish" }, note),
  );
}

/** The element's text is counted down by the page's clock; `label` says what for. */
const countdownTo = (at, label) =>
  h("span", { class: "deadline", dataset: { deadline: at }, role: "timer", "aria-label": label });

function top(order, slug) {
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
      "a",
      {
        class: "icon-button",
        href: `/kitchen/${slug}/orders/${order.id}/ticket/?print`,
        target: "_blank",
        "aria-label": `Print ticket ${order.number}`,
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
  arrived: "is at the door",
  picked_up: "has the food",
  delivered: "has delivered",
};

/** Where the driver is, as far as the board has asked; "" for what nobody knows. */
export function approachText(approach) {
  if (approach?.at_the_door) return "is at the door";
  if (!approach?.arrives_at) return "";
  const minutes = Math.max(1, Math.ceil((Date.parse(approach.arrives_at) - serverNow_ms()) / 60_000));
  return `is ${minutes} min away`;
}

function whereabouts({ id, driver: { status } }) {
  const text = DRIVER_STATUS[status] ?? sentence(status);
  if (status !== "assigned") return h("span", { class: status === "arrived" ? "here" : "" }, text);
  return h("span", { dataset: { approach: id, else: text } }, text);
}

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
      " ",
      whereabouts(order),
    ),
  );
}

function goneCard(order, { dismiss }) {
  return [
    h("div", { class: "number" }, order.number),
    h("p", { class: "strong" }, "This order was cancelled. Stop cooking it."),
    h("ul", {}, order.lines.map((line) => dish(line))),
    h(
      "button",
      { type: "button", class: "button danger solid", onclick: () => dismiss(order) },
      "Understood",
    ),
  ];
}

const openSwap = (order, line) =>
  order.amendments.some(({ state, line_id }) => state === "proposed" && line_id === line.id);

function missingOf(order, line, { missing }) {
  if (!AMENDABLE.has(order.status) || openSwap(order, line)) return null;
  return (of, button) => missing(order, of, button);
}

const AMENDED = {
  proposed: ({ swap }) => `Customer is asked: ${swap.quantity} × ${swap.name} instead?`,
  accepted: ({ swap }) => `Customer takes ${swap.quantity} × ${swap.name} instead`,
  removed: () => "Taken off",
  expired: () => "No answer: leave it out",
};

/** What was missing of it, and what the customer says. */
function amended({ amendments }) {
  const shown = amendments.filter(({ state }) => AMENDED[state]);
  if (!shown.length) return null;
  return h(
    "ul",
    { class: "amended" },
    shown.map((row) =>
      h(
        "li",
        { class: row.state === "proposed" ? "asked" : "" },
        h("s", {}, `${row.quantity} × ${row.name}`),
        row.state === "proposed" && countdownTo(row.expires_at, "Time left for the customer"),
        h("span", {}, AMENDED[row.state](row)),
      ),
    ),
  );
}

/** The contents of a ticket's <li>; rebuilt only when the order itself has changed. */
export function ticketContent({ order, gone }, actions, slug) {
  if (gone) return goneCard(order, actions);
  return [
    top(order, slug),
    order.note && h("p", { class: "order-note" }, order.note),
    h("ul", {}, order.lines.map((line) => dish(line, missingOf(order, line, actions)))),
    amended(order),
    h(
      "div",
      { class: "spread small muted" },
      driver(order) ?? h("span", {}, `Ticket ${order.ticket_seq}`),
      h("span", { class: "numbers" }, money(order.total)),
    ),
    acts(order, actions),
  ];
}
