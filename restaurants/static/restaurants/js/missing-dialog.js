// Something of an order is missing: take it off, or propose another dish to the customer.

import { api, ApiError } from "../../deliveryapp/js/api.js";
import { h, icon, replace } from "../../deliveryapp/js/dom.js";
import { money, priceDelta } from "../../deliveryapp/js/format.js";
import { openDialog, toast } from "../../deliveryapp/js/ui.js";

/** Resolves to {path, body} of what the kitchen wants for `line` of `order`, undefined when it changed its mind. */
export async function askMissing(base, order, line) {
  let quantity = line.quantity;
  const soldOut = h("input", { type: "checkbox", role: "switch", checked: true, "aria-label": "Sold out for today" });
  const swap = swapChooser();
  const isLast = () => order.lines.length === 1 && quantity === line.quantity;
  const removeButton = h("button", { type: "button", class: "button" }, "Take it off");
  const proposeButton = h("button", { type: "button", class: "button primary" }, "Propose the swap");
  const hint = h("p", { class: "muted small" });
  const paint = () => {
    removeButton.disabled = isLast();
    proposeButton.disabled = !swap.line();
    hint.textContent = isLast()
      ? "It is all there is of this order: propose something else, or reject the order."
      : "The customer pays less for what is taken off.";
  };
  swap.onChange = paint;
  const opened = openDialog({
    title: `${line.name} is missing?`,
    className: "broad",
    body: h(
      "div",
      { class: "stack missing-dish" },
      line.quantity > 1 && howMany(line, (value) => {
        quantity = value;
        paint();
      }),
      h(
        "div",
        { class: "spread" },
        h("span", {}, "Sold out for today"),
        h("label", { class: "switch" }, soldOut, h("span", { class: "track" })),
      ),
      swap.element,
      hint,
    ),
    foot: [removeButton, proposeButton],
  });
  const send = (verb, more = {}) =>
    opened.close({
      path: `lines/${line.id}/${verb}`,
      body: { quantity, sold_out: soldOut.checked, ...more },
    });
  removeButton.addEventListener("click", () => send("remove"));
  proposeButton.addEventListener("click", () => send("swap", { swap: { ...swap.line(), quantity } }));
  paint();
  swap.load(base);
  return opened.closed;
}

/** What to say when the answer is no. */
export function explainSwap(error) {
  if (error.code !== "swap_too_dear") return false;
  const most = money({ amount_minor: error.body.most_minor, currency: error.body.currency });
  toast(`Too dear for what the customer agreed to pay. Propose something for up to ${most}.`, {
    kind: "bad",
    stay_ms: 8000,
  });
  return true;
}

function howMany(line, onChange) {
  const chip = (value) =>
    h(
      "label",
      { class: "chip" },
      h("input", {
        type: "radio",
        name: "missing-quantity",
        checked: value === line.quantity,
        onchange: () => onChange(value),
      }),
      value === line.quantity ? `All ${value}` : String(value),
    );
  return h(
    "div",
    { class: "stack-s" },
    h("p", { class: "label", id: "missing-how-many" }, "How many?"),
    h(
      "div",
      { class: "chips", role: "radiogroup", "aria-labelledby": "missing-how-many" },
      Array.from({ length: line.quantity }, (_, index) => chip(index + 1)),
    ),
  );
}

/** A dish of the menu with an answer to each question it must be asked. */
function swapChooser() {
  let items = [];
  let chosen = new Map();
  const picks = h("div", { class: "stack-s" });
  const select = h("select", { id: "swap-item" }, h("option", { value: "" }, "Nothing"));
  const element = h(
    "div",
    { class: "stack-s" },
    h("label", { for: "swap-item" }, "Propose instead"),
    h("div", { class: "select" }, select, icon("chevron")),
    picks,
  );
  const item = () => items.find(({ id }) => id === select.value);
  const chooser = { element, onChange: () => {}, line, load };

  function line() {
    return item() && { item_id: item().id, option_ids: [...chosen.values()].flat() };
  }

  async function load(base) {
    try {
      const menu = await api.get(`${base}catalogue/`);
      items = menu.sections.flatMap((section) => section.items).filter((dish) => dish.available && dish.served_now);
      select.append(...items.map((dish) => h("option", { value: dish.id }, `${dish.name} · ${money(dish.price)}`)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      replace(picks, h("p", { class: "muted small" }, error.detail));
    }
  }

  function paint() {
    const taken = [...chosen.values()].flat();
    const asked = (item()?.option_groups ?? []).filter(
      (group) => group.min_choices > 0 && (!group.opened_by_id || taken.includes(group.opened_by_id)),
    );
    chosen = new Map(asked.map((group) => [group.id, chosen.get(group.id) ?? firstOf(group)]));
    replace(picks, asked.map(question));
    chooser.onChange();
  }

  const firstOf = (group) =>
    group.options
      .filter((option) => option.available)
      .slice(0, group.min_choices)
      .map((option) => option.id);

  const question = (group) =>
    h(
      "div",
      { class: "stack-s" },
      h("p", { class: "label" }, group.name),
      chosen.get(group.id).map((picked, index) => answerOf(group, picked, index)),
    );

  function answerOf(group, picked, index) {
    const answers = h(
      "select",
      {
        "aria-label": group.name,
        onchange: () => {
          chosen.get(group.id)[index] = answers.value;
          paint();
        },
      },
      group.options
        .filter((option) => option.available)
        .map((option) =>
          h(
            "option",
            { value: option.id, selected: option.id === picked },
            [option.name, priceDelta(option.price_delta)].filter(Boolean).join(" "),
          ),
        ),
    );
    return h("div", { class: "select" }, answers, icon("chevron"));
  }

  select.addEventListener("change", () => {
    chosen = new Map();
    paint();
  });
  return chooser;
}
