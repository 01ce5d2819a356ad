// What every page's header does: the chosen address, the cart's badge, and the doors open to this person's roles.

import { api } from "./api.js";
import { chooseAddress } from "./address-dialog.js";
import { cart } from "./cart.js";
import { $, h, icon } from "./dom.js";
import { place, placeTitle } from "./place.js";

function showPlace() {
  const button = $("#place-button");
  if (!button) return;
  const paint = () => {
    $(".text", button).textContent = placeTitle(place.current);
  };
  button.addEventListener("click", chooseAddress);
  place.onChange(paint);
  paint();
}

function showCart() {
  const link = $("#cart-link");
  if (!link) return;
  const paint = () => {
    const badge = $(".cart-count", link);
    badge.textContent = cart.count;
    badge.hidden = cart.count === 0;
    link.setAttribute("aria-label", cart.count ? `Cart, ${cart.count} items` : "Cart, empty");
  };
  cart.onChange(paint);
  paint();
}

function roleLinks({ roles }) {
  const links = [];
  if (roles.restaurants?.length)
    links.push(["store", "/kitchen/", roles.restaurants.length === 1 ? "Kitchen" : "Kitchens"]);
  if (roles.driver) links.push(["bike", "/driver/", "Driver console"]);
  if (roles.support) links.push(["shield", "/admin/", "Support desk"]);
  return links.map(([iconName, href, text]) => h("a", { href }, icon(iconName), text));
}

async function showRoles() {
  const list = $("#role-links");
  if (!list || document.body.dataset.authenticated !== "true") return;
  // The links are a convenience: without an answer the page works and the links stay away.
  const me = await api.get("me/").catch(() => null);
  if (me) list.replaceChildren(...roleLinks(me));
}

/** Who has a saved address need not choose it again in a new browser. */
async function startFromSavedAddress() {
  if (place.current || document.body.dataset.authenticated !== "true") return;
  const saved = await api.get("addresses/").catch(() => null);
  if (saved?.results.length && !place.current) place.choose(saved.results[0]);
}

function closeMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]"))
      if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && $("details.menu[open]");
    if (menu) {
      menu.open = false;
      $("summary", menu).focus();
    }
  });
}

showPlace();
showCart();
showRoles();
startFromSavedAddress();
closeMenus();
