// Where the order goes, and the way to change it.

import { chooseAddress } from "../../deliveryapp/js/address-dialog.js";
import { h, icon } from "../../deliveryapp/js/dom.js";

export function placeRow(address) {
  if (!address)
    return h(
      "button",
      { type: "button", class: "button primary wide", onclick: chooseAddress },
      icon("pin"),
      "Choose where to deliver",
    );
  const detail = [address.label && address.street, address.postcode, address.city].filter(Boolean).join(", ");
  return h(
    "div",
    { class: "chosen-place" },
    icon("home"),
    h(
      "div",
      { class: "grow" },
      h("p", { class: "strong" }, address.label || address.street),
      h("p", { class: "muted small" }, detail),
    ),
    h("button", { type: "button", class: "button small", onclick: chooseAddress }, "Change"),
  );
}
