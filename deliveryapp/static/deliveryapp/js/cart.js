// The cart lives in this browser: one restaurant at a time, the same in every tab. Prices here are only for show; the server quotes.

import { newId } from "./ids.js";

const KEY = "cart.v1";
const EMPTY = { restaurant: null, lines: [] };

const sameOptions = (a, b) => a.length === b.length && a.every((id) => b.includes(id));

class Cart extends EventTarget {
  constructor() {
    super();
    addEventListener("storage", (event) => {
      if (event.key === KEY || event.key === null) this.#changed();
    });
  }

  get #content() {
    try {
      return JSON.parse(localStorage.getItem(KEY)) ?? EMPTY;
    } catch {
      return EMPTY;
    }
  }

  /** {id, slug, name, currency} or null. */
  get restaurant() {
    return this.#content.restaurant;
  }

  /** [{key, item_id, name, quantity, option_ids, options: [text], note, unit_price_minor}] */
  get lines() {
    return this.#content.lines;
  }

  get count() {
    return this.lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  get estimate_minor() {
    return this.lines.reduce((sum, line) => sum + line.quantity * line.unit_price_minor, 0);
  }

  holdsOther(restaurant) {
    const mine = this.restaurant;
    return mine !== null && mine.id !== restaurant.id && this.lines.length > 0;
  }

  /** Adds to the line with the same item, options and note; a cart of another restaurant is replaced (ask first). */
  add(restaurant, line) {
    const lines = this.holdsOther(restaurant) || !this.restaurant ? [] : this.lines;
    const twin = lines.find(
      (other) =>
        other.item_id === line.item_id &&
        other.note === line.note &&
        sameOptions(other.option_ids, line.option_ids),
    );
    if (twin) twin.quantity += line.quantity;
    else lines.push({ ...line, key: newId() });
    this.#save({ restaurant, lines });
  }

  setQuantity(key, quantity) {
    const lines = this.lines
      .map((line) => (line.key === key ? { ...line, quantity } : line))
      .filter((line) => line.quantity > 0);
    this.#save(lines.length ? { restaurant: this.restaurant, lines } : EMPTY);
  }

  removeItems(itemIds) {
    const lines = this.lines.filter((line) => !itemIds.includes(line.item_id));
    this.#save(lines.length ? { restaurant: this.restaurant, lines } : EMPTY);
  }

  clear() {
    this.#save(EMPTY);
  }

  quantityOf(itemId) {
    return this.lines.filter((line) => line.item_id === itemId).reduce((sum, line) => sum + line.quantity, 0);
  }

  /** What the quote and order endpoints take as `lines`. */
  toRequest() {
    return this.lines.map(({ item_id, quantity, option_ids, note }) => ({
      item_id,
      quantity,
      option_ids,
      note,
    }));
  }

  onChange(f) {
    this.addEventListener("change", f);
  }

  #save(content) {
    localStorage.setItem(KEY, JSON.stringify(content));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

export const cart = new Cart();
