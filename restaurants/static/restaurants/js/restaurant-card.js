// One restaurant in a list, and the grey shape of one that is still on its way.

import { h, icon } from "../../deliveryapp/js/dom.js";
import { distance, minutesRange, money, opens, rating, sentence } from "../../deliveryapp/js/format.js";

export const stars = (restaurant) =>
  restaurant.rating_count > 0 &&
  h(
    "span",
    { class: "stars" },
    icon("star"),
    rating(restaurant.rating),
    h("span", { class: "visually-hidden" }, " out of 5, "),
    h("span", { class: "muted" }, `(${restaurant.rating_count})`),
  );

export const fee = (restaurant) =>
  restaurant.delivery_fee.amount_minor === 0 ? "Free delivery" : `${money(restaurant.delivery_fee)} delivery`;

/** What everybody gets there, the first few. */
export const offers = ({ promotions }, most) =>
  promotions.length > 0 &&
  h(
    "ul",
    { class: "offers", "aria-label": "Promotions" },
    promotions.slice(0, most).map(({ title, minimum }) =>
      h(
        "li",
        {},
        icon("euro"),
        h("span", { class: "clip" }, minimum.amount_minor ? `${title}, from ${money(minimum)}` : title),
      ),
    ),
  );

export const priceLevel = (level) => "€".repeat(level ?? 0);

/** The picture, or the first letter where there is none or it does not come. */
export function picture({ name, picture_url }, size = {}) {
  const letter = () => h("span", { class: "monogram", "aria-hidden": "true" }, [...name][0]);
  if (!picture_url) return letter();
  const image = h("img", { src: picture_url, alt: "", ...size });
  image.addEventListener("error", () => image.replaceWith(letter()), { once: true });
  return image;
}

export function restaurantCard(restaurant) {
  const { name, slug, cuisines, kind, price_level, distance_m, eta_minutes, open } = restaurant;
  const kinds = (cuisines.length ? cuisines : [kind]).filter(Boolean).slice(0, 2).map(sentence).join(", ");
  return h(
    "a",
    { class: `restaurant-card ${open ? "" : "closed"}`, href: `/restaurants/${slug}/` },
    h(
      "div",
      { class: "picture" },
      picture(restaurant, { loading: "lazy", width: 480, height: 285 }),
      open
        ? h("span", { class: "eta numbers" }, minutesRange(eta_minutes))
        : h("span", { class: "closed-note" }, opens(restaurant.next_opening_at)),
    ),
    h(
      "div",
      { class: "facts" },
      h("div", { class: "name" }, h("h2", { class: "clip" }, name), stars(restaurant)),
      h(
        "p",
        { class: "dots" },
        kinds && h("span", {}, kinds),
        price_level &&
          h("span", { "aria-label": `Price level ${price_level} of 4` }, priceLevel(price_level)),
      ),
      h(
        "p",
        { class: "dots numbers" },
        restaurant.delivery_fee && h("span", {}, fee(restaurant)),
        h("span", {}, distance(distance_m)),
      ),
      offers(restaurant, 1),
      restaurant.dish &&
        h(
          "p",
          { class: "found numbers" },
          icon("search"),
          h("span", { class: "clip" }, restaurant.dish.name),
          h("span", {}, money(restaurant.dish.price)),
        ),
    ),
  );
}

export function skeletonCards(count = 8) {
  const card = () =>
    h(
      "div",
      { class: "skeleton-card" },
      h("div", { class: "skeleton" }),
      h("div", { class: "skeleton title" }),
      h("div", { class: "skeleton line" }),
    );
  return h("div", { class: "restaurant-grid", "aria-hidden": "true" }, Array.from({ length: count }, card));
}
