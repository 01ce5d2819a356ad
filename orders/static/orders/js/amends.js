// What an order's page offers when the restaurant let it down: credit, and where else to order.

import { h, icon } from "../../deliveryapp/js/dom.js";
import { distance, minutesRange, money, rating, sentence } from "../../deliveryapp/js/format.js";

/** Null where no credit was given. */
export function goodwillNotice({ goodwill }) {
  if (!goodwill) return null;
  return h(
    "div",
    { class: "notice", id: "goodwill" },
    icon("heart"),
    h(
      "p",
      {},
      h("span", { class: "strong" }, `${money(goodwill)} credit for you`),
      "We are sorry. It is in your account and can be used for your next order.",
    ),
  );
}

/** Restaurants as the API suggests them; null while there are none. */
export function alternatives(places) {
  if (!places?.length) return null;
  return h(
    "section",
    { class: "stack-s", id: "alternatives" },
    h("h2", { class: "small-title" }, "Others who deliver to you now"),
    h("ul", { class: "alternatives" }, places.map(alternative)),
  );
}

function alternative(place) {
  const facts = [
    place.cuisines.slice(0, 2).map(sentence).join(", "),
    place.rating && `★ ${rating(place.rating)}`,
    distance(place.distance_m),
  ].filter(Boolean);
  return h(
    "li",
    {},
    h(
      "a",
      { class: "alternative", href: `/restaurants/${place.slug}/` },
      h(
        "span",
        { class: "grow" },
        h("span", { class: "strong" }, place.name),
        h(
          "span",
          { class: "facts muted small" },
          facts.map((fact) => h("span", {}, fact)),
        ),
      ),
      h("span", { class: "numbers strong" }, minutesRange(place.eta_minutes)),
      icon("arrow"),
    ),
  );
}
