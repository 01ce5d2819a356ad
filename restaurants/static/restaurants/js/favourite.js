// The heart on a restaurant's page; who is not signed in sees none.

import { api } from "../../deliveryapp/js/api.js";
import { busy, h, icon } from "../../deliveryapp/js/dom.js";
import { explain } from "../../deliveryapp/js/ui.js";

export const signedIn = () => document.body.dataset.authenticated === "true";

/** Whether it is a favourite; without an answer the heart is empty, and pressing it tells why. */
async function isKept(restaurant) {
  const mine = await api.get("favourites/").catch(() => ({ results: [] }));
  return mine.results.some((row) => row.restaurant_id === restaurant.id);
}

export function favouriteButton(restaurant) {
  if (!signedIn()) return false;
  let kept = false;
  const button = h(
    "button",
    { type: "button", class: "chip favourite", "aria-pressed": "false", onclick: toggle },
    icon("heart"),
    "Favourite",
  );
  const paint = () => button.setAttribute("aria-pressed", String(kept));

  const known = isKept(restaurant).then((answer) => {
    kept = answer;
    paint();
  });

  /** What was kept before is known first, or its late answer would paint over what was just pressed. */
  async function turn() {
    await known;
    await (kept ? api.delete : api.put)(`favourites/${restaurant.id}/`);
    kept = !kept;
    paint();
  }

  function toggle() {
    return busy(button, turn).catch(explain);
  }

  return button;
}
