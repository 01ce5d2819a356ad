// The top of a restaurant's page: picture, facts, opening hours.

import { h, icon } from "../../deliveryapp/js/dom.js";
import { distance, minutesRange, money, opens, sentence } from "../../deliveryapp/js/format.js";
import { favouriteButton } from "./favourite.js";
import { fee, offers, picture, priceLevel, stars } from "./restaurant-card.js";

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** Opening hours are spans {weekday: 0 = Monday, opens, closes}; a day may have several, or none. */
function hoursTable(hours) {
  const spans = (weekday) =>
    hours
      .filter((span) => span.weekday === weekday)
      .map(({ opens: from, closes: to }) => (from === to ? "Around the clock" : `${from}–${to}`));
  return h(
    "details",
    { class: "hours" },
    h("summary", {}, icon("clock"), "Opening hours"),
    h(
      "table",
      {},
      h(
        "tbody",
        {},
        DAYS.map((day, weekday) =>
          h("tr", {}, h("td", {}, day), h("td", { class: "numbers" }, spans(weekday).join(", ") || "Closed")),
        ),
      ),
    ),
  );
}

function status(restaurant) {
  if (restaurant.open) return h("span", { class: "badge good" }, "Open");
  return h("span", { class: "badge warn" }, opens(restaurant.next_opening_at));
}

export function restaurantHead(restaurant) {
  const {
    name,
    cuisines,
    kind,
    description,
    street,
    eta_minutes,
    distance_m,
    minimum_order,
    price_level,
    hours,
  } = restaurant;
  const kinds = (cuisines.length ? cuisines : [kind]).filter(Boolean).map(sentence).join(", ");
  return h(
    "div",
    { class: "restaurant-head" },
    h("div", { class: "cover" }, picture(restaurant, { width: 960, height: 420 })),
    h(
      "div",
      { class: "text" },
      h("div", { class: "row-wrap" }, status(restaurant), stars(restaurant), favouriteButton(restaurant)),
      h("h1", {}, name),
      h(
        "p",
        { class: "dots" },
        kinds && h("span", {}, kinds),
        price_level && h("span", {}, priceLevel(price_level)),
        h("span", {}, street),
      ),
      description && h("p", {}, description),
      restaurant.delivers_here === false &&
        h(
          "p",
          { class: "notice warn" },
          icon("alert"),
          h("span", {}, "They do not deliver to your address."),
        ),
      h(
        "p",
        { class: "dots numbers strong" },
        restaurant.open && eta_minutes && h("span", {}, minutesRange(eta_minutes)),
        restaurant.delivery_fee && h("span", {}, fee(restaurant)),
        distance_m !== null && h("span", {}, distance(distance_m)),
        minimum_order?.amount_minor > 0 && h("span", {}, `Minimum ${money(minimum_order)}`),
      ),
      offers(restaurant, 5),
      hours?.length > 0 && hoursTable(hours),
    ),
  );
}
