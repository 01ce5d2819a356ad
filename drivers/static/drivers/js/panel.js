// What the driver sees beside the map: off duty, waiting, an offer, or the delivery in hand.

import { h, icon } from "../../deliveryapp/js/dom.js";
import { clock, distance, money } from "../../deliveryapp/js/format.js";

const button = (text, kind, run, iconName = null) =>
  h(
    "button",
    {
      type: "button",
      class: `button tall wide ${kind}`,
      onclick: (event) => run(event.currentTarget),
    },
    iconName && icon(iconName),
    text,
  );

export function offDuty(me, { goOnline }) {
  return [
    h("div", { class: "panel-head" }, h("h1", {}, `Hello, ${me.name}`)),
    h("p", { class: "muted" }, "You are off duty. Nobody sees where you are, and no offers come in."),
    button("Go online", "primary", () => goOnline("map"), "play"),
    h(
      "p",
      { class: "muted small" },
      "Riding on the map is for trying things out: tap where you want to ride.",
    ),
    h(
      "button",
      { type: "button", class: "button outline wide", onclick: () => goOnline("device") },
      icon("locate"),
      "Go online with this device’s location",
    ),
  ];
}

export function waiting(me, { goOffline }) {
  return [
    h(
      "div",
      { class: "panel-head" },
      h("h1", {}, "Looking for orders"),
      h("span", { class: "badge good" }, "On duty"),
    ),
    h(
      "p",
      { class: "muted" },
      "Stay near the kitchens. An offer rings here and waits a short while for your answer.",
    ),
    h(
      "button",
      { type: "button", class: "button outline wide", onclick: (event) => goOffline(event.currentTarget) },
      icon("pause"),
      "Go off duty",
    ),
  ];
}

function stop(iconName, kind, title, detail, past = false) {
  return h(
    "div",
    { class: `stop ${past ? "past" : ""}` },
    h("span", { class: `figure ${kind}` }, icon(iconName)),
    h("div", {}, h("p", { class: "strong" }, title), h("p", { class: "muted small" }, detail)),
  );
}

export function offerPanel(offer, { accept, decline }) {
  return h(
    "div",
    { class: "offer" },
    h(
      "div",
      { class: "panel-head" },
      h("h1", {}, "New delivery"),
      h("span", { class: "left", role: "timer", dataset: { deadline: offer.expires_at } }),
    ),
    h("div", { class: "bar", "aria-hidden": "true" }, h("span", { dataset: { bar: offer.expires_at } })),
    h(
      "div",
      { class: "pay" },
      h("strong", { class: "numbers" }, money(offer.payout)),
      h("span", { class: "muted" }, `${distance(offer.distance_m)} in all`),
    ),
    stop("store", "", offer.pickup.name, `${offer.pickup.street} · ready about ${clock(offer.ready_at)}`),
    stop("home", "door", "Drop-off", "The address shows once you accept"),
    h(
      "div",
      { class: "acts" },
      button("Accept", "good", (element) => accept(offer, element), "check"),
      h(
        "button",
        {
          type: "button",
          class: "button ghost wide",
          onclick: (event) => decline(offer, event.currentTarget),
        },
        "Decline",
      ),
    ),
  );
}

const AT_KITCHEN = new Set(["confirmed", "preparing", "placed"]);

function nextAct(delivery, { arrived, pickedUp, delivered }) {
  if (delivery.status === "assigned")
    return button(
      "I am at the kitchen",
      "primary",
      (element) => arrived(delivery, "restaurant", element),
      "store",
    );
  if (delivery.status === "arrived")
    return button("I have the food", "primary", (element) => pickedUp(delivery, element), "bag");
  return button("Delivered", "good", (element) => delivered(delivery, element), "check");
}

const TITLES = {
  assigned: "Ride to the kitchen",
  arrived: "Pick up the food",
  picked_up: "Ride to the customer",
};

export function deliveryPanel(delivery, actions) {
  const { pickup, dropoff, customer_first_name: name, status, order_status: orderStatus } = delivery;
  const away = status === "picked_up";
  const cooking = status === "arrived" && AT_KITCHEN.has(orderStatus);
  return [
    h(
      "div",
      { class: "panel-head" },
      h("h1", {}, TITLES[status] ?? "Delivery"),
      h("span", { class: "badge" }, delivery.number),
    ),
    stop(
      "store",
      "",
      pickup.name,
      [pickup.street, !away && delivery.ready_at && `ready about ${clock(delivery.ready_at)}`]
        .filter(Boolean)
        .join(" · "),
      away,
    ),
    stop("home", "door", name, [dropoff.street, dropoff.city].filter(Boolean).join(", ")),
    dropoff.note && h("p", { class: "notice warn" }, icon("note"), h("span", {}, dropoff.note)),
    cooking && h("p", { class: "notice" }, icon("pot"), h("span", {}, "The kitchen is still cooking.")),
    status === "arrived" &&
      h("p", { class: "small muted" }, `Check the number on the bag: ${delivery.number}`),
    h(
      "div",
      { class: "acts" },
      nextAct(delivery, actions),
      !away &&
        h(
          "button",
          {
            type: "button",
            class: "button ghost wide",
            onclick: (event) => actions.giveBack(delivery, event.currentTarget),
          },
          "I cannot do this delivery",
        ),
    ),
    delivery.payout &&
      h(
        "p",
        { class: "spread small" },
        h("span", { class: "muted" }, "You earn"),
        h("span", { class: "strong numbers" }, money(delivery.payout)),
      ),
  ];
}

/** Shown while riding on the map: a shortcut to where the work is. */
export function rideHint(target, go) {
  return h(
    "div",
    { class: "ride" },
    h("span", { class: "muted small grow" }, "Tap the map to ride there."),
    target &&
      h(
        "button",
        { type: "button", class: "chip", onclick: () => go(target) },
        icon("bike"),
        `Ride to ${target.name}`,
      ),
  );
}
