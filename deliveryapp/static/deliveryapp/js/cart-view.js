// The cart as a panel beside a menu or inside a sheet: its lines, the server's live quote, the way to the checkout.

import { fetchQuote, sumLines } from "./quote.js";
import { chooseAddress } from "./address-dialog.js";
import { cart } from "./cart.js";
import { debounce, h, icon, replace } from "./dom.js";
import { minor, money } from "./format.js";
import { place } from "./place.js";
import { refusalNotice } from "./refusals.js";
import { emptyState } from "./ui.js";

export function lineStepper(line) {
  const set = (quantity) => () => cart.setQuantity(line.key, quantity);
  return h(
    "div",
    { class: "stepper" },
    h(
      "button",
      { type: "button", "aria-label": `One ${line.name} less`, onclick: set(line.quantity - 1) },
      icon("minus"),
    ),
    h("output", { "aria-label": "Quantity" }, line.quantity),
    h(
      "button",
      { type: "button", "aria-label": `One ${line.name} more`, onclick: set(line.quantity + 1) },
      icon("plus"),
    ),
  );
}

export function cartLine(line, currency) {
  const about = [line.options.join(", "), line.note && `“${line.note}”`].filter(Boolean).join(" · ");
  return h(
    "li",
    { class: "cart-line" },
    h("span", { class: "name strong" }, line.name),
    about && h("span", { class: "about muted small" }, about),
    lineStepper(line),
    h("span", { class: "line-price" }, minor(line.unit_price_minor * line.quantity, currency)),
  );
}

/** Keeps `element` in step with the cart, the address and the server's quote. */
export class CartView {
  #abort = new AbortController();

  constructor(element, { titled = true, onEmpty = () => {} } = {}) {
    this.element = element;
    this.titled = titled;
    this.onEmpty = onEmpty;
    this.list = h("ul");
    this.price = h("div", { class: "stack cart-price", "aria-live": "polite" });
    this.#paint();
    const later = debounce(() => this.#quote(), 250);
    this.repaint = () => {
      this.#paint();
      later();
    };
    cart.onChange(this.repaint);
    place.onChange(this.repaint);
    this.#quote();
  }

  stop() {
    cart.removeEventListener("change", this.repaint);
    place.removeEventListener("change", this.repaint);
    this.#abort.abort();
  }

  #paint() {
    if (!cart.count) {
      replace(
        this.element,
        emptyState({
          figure: "bag",
          title: "Your cart is empty",
          text: "Pick something good from the menu.",
          compact: true,
        }),
      );
      this.onEmpty();
      return;
    }
    const { name, slug, currency } = cart.restaurant;
    replace(
      this.list,
      cart.lines.map((line) => cartLine(line, currency)),
    );
    if (!this.list.isConnected) {
      replace(
        this.element,
        h(
          "div",
          { class: "spread" },
          this.titled && h("h2", {}, "Your cart"),
          h("a", { class: "small", href: `/restaurants/${slug}/` }, name),
        ),
        this.list,
        this.price,
      );
      this.#estimate();
    }
  }

  #estimate(hint = null) {
    const { currency } = cart.restaurant;
    replace(
      this.price,
      hint,
      h(
        "div",
        { class: "spread strong" },
        h("span", {}, "Food"),
        h("span", { class: "numbers" }, minor(cart.estimate_minor, currency)),
      ),
      this.#checkout("Checkout", minor(cart.estimate_minor, currency)),
    );
  }

  #checkout(text, amount) {
    return h(
      "a",
      { class: "button primary tall wide split", href: "/checkout/" },
      h("span", {}, text),
      h("span", { class: "numbers" }, amount),
    );
  }

  async #quote() {
    this.#abort.abort();
    if (!cart.count) return;
    const address = place.current;
    if (!address) {
      const choose = h(
        "button",
        { type: "button", class: "button outline wide", onclick: chooseAddress },
        icon("pin"),
        "Choose address for the delivery fee",
      );
      this.#estimate(choose);
      return;
    }
    this.#abort = new AbortController();
    try {
      const quote = await fetchQuote({ cart, address }, { signal: this.#abort.signal });
      replace(this.price, sumLines(quote), this.#checkout("Checkout", money(quote.total)));
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      if (error.code === "aborted") return;
      // Who is not signed in yet sees the estimate; a refusal (closed, too far, sold out) is told at once.
      const isStranger = error.status === 401 || error.status === 403;
      this.#estimate(isStranger ? null : refusalNotice(error, { again: () => this.#quote() }));
    }
  }
}
