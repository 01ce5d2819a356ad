// When the food should come: as soon as possible, or at a quarter of an hour that the kitchen still has free.

import { ApiError, api } from "../../deliveryapp/js/api.js";
import { $$, h, icon, replace } from "../../deliveryapp/js/dom.js";
import { minutesRange, slotClock, slotDay, slotTime } from "../../deliveryapp/js/format.js";
import { notice, smallButton } from "../../deliveryapp/js/refusals.js";
import { skeletonLines } from "../../deliveryapp/js/ui.js";

const DAYS = 5;
const NOW = "now";
const LATER = "later";

/** The part of the checkout where the time is chosen; `onPick()` is called when another one counts. */
export class WhenChoice {
  #ways = h("div", { class: "ways", role: "radiogroup", "aria-label": "When" });
  #day = h("select", { id: "slot-day" });
  #time = h("select", { id: "slot-time" });
  #picks = h(
    "div",
    { class: "slot-picks", hidden: true },
    h("div", { class: "field" }, h("label", { for: "slot-day" }, "Day"), this.#day),
    h("div", { class: "field" }, h("label", { for: "slot-time" }, "Time"), this.#time),
  );
  #found = null;
  #value = null;
  #loading = new AbortController();
  #onPick;

  constructor({ onPick }) {
    this.#onPick = onPick;
    this.element = h("div", { class: "stack" }, this.#ways, this.#picks);
    this.#day.addEventListener("change", () => this.#pickDay());
    this.#time.addEventListener("change", () => this.#pick(this.#time.value));
  }

  /** The chosen moment as the API takes it, null for as soon as possible. */
  get value() {
    return this.#value;
  }

  /** The chosen moment on the restaurant's clock, "" for as soon as possible. */
  get text() {
    return this.#value ? slotTime(this.#value, this.#found.timezone) : "";
  }

  /** What is free at this restaurant for that address. A chosen time stays, and says so when it is full. */
  async load(restaurantId, address) {
    this.#loading.abort();
    this.#loading = new AbortController();
    if (!this.#found) replace(this.#ways, skeletonLines(2));
    const { lat, lng } = address;
    try {
      this.#found = await api.get(`restaurants/${restaurantId}/slots/`, {
        params: { lat, lng, days: DAYS },
        signal: this.#loading.signal,
      });
      this.#show();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === "aborted") return;
      const again = smallButton("Try again", () => this.load(restaurantId, address));
      // Too far away: the price says so, with a way out.
      const says = error.code === "address_out_of_range" ? null : notice("warn", "clock", "The times are not here.", error.detail, again);
      replace(this.#ways, says);
      this.#picks.hidden = true;
    }
  }

  /** Choose a time that somebody offered, for example the next free one. */
  choose(at) {
    this.#pick(at);
    this.#show();
  }

  get #slots() {
    return this.#found.days.flatMap((day) => day.slots);
  }

  #show() {
    const { asap } = this.#found;
    const none = this.#slots.length === 0;
    replace(
      this.#ways,
      this.#way(NOW, "As soon as possible", asap ? minutesRange(asap) : "Not possible right now", !asap),
      this.#way(LATER, "Later", none ? "No free time in the coming days" : "Choose a day and a time", none),
    );
    this.#paint();
  }

  #way(id, name, about, disabled) {
    const onchange = () => {
      if (id === NOW) this.#pick(null);
      else this.#pick(this.#slots[0].scheduled_for);
      this.#paint();
    };
    const input = h("input", { type: "radio", name: "when", value: id, disabled, onchange });
    const text = h("span", { class: "grow" }, h("span", { class: "strong" }, name), h("small", {}, about));
    return h("label", { class: "choice boxed" }, input, text);
  }

  #paint() {
    const chosen = this.#value ? LATER : NOW;
    for (const input of $$("input[name=when]", this.#ways)) input.checked = input.value === chosen;
    const { days, timezone: zone } = this.#found;
    this.#picks.hidden = !this.#value || !days.length;
    if (this.#picks.hidden) return;
    const free = days.find(({ slots }) => slots.some((slot) => same(slot.scheduled_for, this.#value)));
    const today = free ?? days.find(({ slots }) => sameDay(slots[0].scheduled_for, this.#value, zone)) ?? days[0];
    replace(
      this.#day,
      days.map(({ date, slots }) =>
        h("option", { value: date, selected: date === today.date }, slotDay(slots[0].scheduled_for, zone)),
      ),
    );
    replace(
      this.#time,
      !free && fullOption(this.#value, zone),
      today.slots.map(({ scheduled_for: at, left }) =>
        h("option", { value: at, selected: same(at, this.#value) }, `${slotClock(at, zone)}${fewLeft(left)}`),
      ),
    );
  }

  #pickDay() {
    const { slots } = this.#found.days.find(({ date }) => date === this.#day.value);
    this.#pick(slots[0].scheduled_for);
    this.#paint();
  }

  #pick(at) {
    if (this.#value === at) return;
    this.#value = at;
    this.#onPick();
  }
}

const same = (one, other) => Date.parse(one) === Date.parse(other);
const sameDay = (one, other, zone) => slotDay(one, zone) === slotDay(other, zone);
const fullOption = (at, zone) =>
  h("option", { value: at, selected: true, disabled: true }, `${slotClock(at, zone)} · full`);
const fewLeft = (left) => (left !== null && left <= 2 ? ` · ${left} left` : "");

/** The kitchen is full at the wished time: the next one is offered, and never taken without a word. */
export function slotFullNotice({ body }, { choose }) {
  const free_at = body.next_free_at;
  return notice(
    "warn",
    "clock",
    "The kitchen is full at that time.",
    free_at ? "Nothing was ordered. Somebody took the last place." : "There is no free time in the coming days.",
    free_at && smallButton(`Order for ${slotTime(free_at, body.timezone)}`, () => choose(free_at)),
  );
}

export const whenRow = (text) => h("p", { class: "row small strong" }, icon("clock"), text);
