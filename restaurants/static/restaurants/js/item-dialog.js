// Choosing one dish: option groups with their limits and what they open, a note, how many.

import { h, icon } from "../../deliveryapp/js/dom.js";
import { minor, money, priceDelta, sentence } from "../../deliveryapp/js/format.js";
import { openDialog } from "../../deliveryapp/js/ui.js";

const MOST = 50;

/** "Choose 1", "Choose 2 to 3", "Up to 2", "Optional". */
export function ruleOf({ min_choices: least, max_choices: most }) {
  if (least > 0) return least === most ? `Choose ${least}` : `Choose ${least} to ${most}`;
  return most > 1 ? `Up to ${most}` : "Optional";
}

class Group {
  constructor(group) {
    this.group = group;
    this.single = group.min_choices === 1 && group.max_choices === 1;
    this.inputs = group.options.map((option) => this.#input(option));
    this.inner = group.options.map((option) =>
      (option.option_groups ?? []).map((nested) => new Group(nested)),
    );
    this.opened = this.inner.map((groups) =>
      h(
        "div",
        { class: "opened", hidden: true },
        groups.map((nested) => nested.element),
      ),
    );
    this.badge = h("span", { class: "badge" }, ruleOf(group));
    this.element = h(
      "fieldset",
      { class: "option-group" },
      h("legend", {}, group.name, this.badge),
      group.options.map((option, index) => [
        h(
          "label",
          { class: "choice" },
          this.inputs[index],
          h("span", { class: "grow" }, option.name, !option.available && h("small", {}, "Sold out")),
          h("span", { class: "numbers muted" }, priceDelta(option.price_delta)),
        ),
        this.inner[index].length > 0 && this.opened[index],
      ]),
    );
    this.element.addEventListener("change", () => this.limit());
    this.limit();
  }

  #input(option) {
    return h("input", {
      type: this.single ? "radio" : "checkbox",
      name: `group-${this.group.id}`,
      value: option.id,
      disabled: !option.available,
    });
  }

  get #own() {
    return this.group.options.filter((_, index) => this.inputs[index].checked);
  }

  /** The groups that the chosen options have opened. */
  get #asked() {
    return this.inner.filter((_, index) => this.inputs[index].checked).flat();
  }

  get chosen() {
    return [...this.#own, ...this.#asked.flatMap((group) => group.chosen)];
  }

  /** This group and what it has opened, as far as they are not answered yet. */
  get wrong() {
    const count = this.#own.length;
    const fits = count >= this.group.min_choices && count <= this.group.max_choices;
    return [...(fits ? [] : [this]), ...this.#asked.flatMap((group) => group.wrong)];
  }

  /** Once the most are chosen, the others wait until one is taken back. */
  limit() {
    this.element.classList.remove("wrong");
    this.opened.forEach((box, index) => {
      box.hidden = !this.inputs[index].checked;
    });
    if (this.single) return;
    const full = this.#own.length >= this.group.max_choices;
    this.group.options.forEach((option, index) => {
      this.inputs[index].disabled = !option.available || (full && !this.inputs[index].checked);
    });
  }

  complain() {
    this.element.scrollIntoView({ block: "center", behavior: "smooth" });
    this.inputs.find((input) => !input.disabled)?.focus({ preventScroll: true });
  }
}

/** Resolves to a cart line, or undefined when dismissed. */
export async function chooseItem(item) {
  const groups = item.option_groups.map((group) => new Group(group));
  let quantity = 1;
  const note = h("textarea", {
    id: "item-note",
    maxlength: 200,
    placeholder: "No onions, sauce on the side…",
  });
  const count = h("output", { "aria-live": "polite" }, "1");
  const fewer = h("button", { type: "button", "aria-label": "One less" }, icon("minus"));
  const oneMore = h("button", { type: "button", "aria-label": "One more" }, icon("plus"));
  const priceText = h("span", { class: "numbers" });
  const add = h(
    "button",
    { type: "button", class: "button primary split" },
    h("span", {}, "Add to cart"),
    priceText,
  );
  const chosen = () => groups.flatMap((group) => group.chosen);
  const unit_minor = () =>
    chosen().reduce((sum, option) => sum + option.price_delta.amount_minor, item.price.amount_minor);
  const paint = () => {
    count.textContent = quantity;
    fewer.disabled = quantity <= 1;
    oneMore.disabled = quantity >= Math.min(MOST, item.left ?? MOST);
    priceText.textContent = minor(unit_minor() * quantity, item.price.currency);
  };
  const body = h(
    "div",
    { class: "stack" },
    aboutItem(item),
    groups.map((group) => group.element),
    h("div", { class: "field" }, h("label", { for: "item-note" }, "Note for the kitchen"), note),
  );
  body.addEventListener("change", paint);
  const opened = openDialog({
    title: item.name,
    body,
    foot: [h("div", { class: "stepper" }, fewer, count, oneMore), add],
  });
  fewer.addEventListener("click", () => {
    quantity -= 1;
    paint();
  });
  oneMore.addEventListener("click", () => {
    quantity += 1;
    paint();
  });
  add.addEventListener("click", () => {
    const wrong = groups.flatMap((group) => group.wrong);
    if (wrong.length > 0) {
      wrong.forEach((group) => group.element.classList.add("wrong"));
      wrong[0].complain();
      return;
    }
    opened.close(cartLine(item, chosen(), quantity, note.value.trim(), unit_minor()));
  });
  paint();
  return opened.closed;
}

function aboutItem(item) {
  return h(
    "div",
    { class: "stack-s" },
    item.description && h("p", { class: "muted" }, item.description),
    h(
      "p",
      { class: "row" },
      h("span", { class: "strong" }, money(item.price)),
      item.left > 0 && h("span", { class: "badge warn" }, `Only ${item.left} left`),
    ),
    item.diets.length > 0 &&
      h(
        "p",
        { class: "diets" },
        item.diets.map((diet) => h("span", { class: "badge good" }, icon("leaf"), sentence(diet))),
      ),
    item.allergens.length > 0 &&
      h(
        "p",
        { class: "small" },
        h("span", { class: "strong" }, "Allergens: "),
        item.allergens.map((name) => sentence(name)).join(", "),
      ),
  );
}

function cartLine(item, options, quantity, note, unit_price_minor) {
  return {
    item_id: item.id,
    name: item.name,
    quantity,
    note,
    unit_price_minor,
    option_ids: options.map((option) => option.id),
    options: options.map((option) => option.name),
  };
}
