// Forms of the menu: a section, a dish. The server checks; what it refuses is said and the form stays.

import { $, $$, h } from "../../deliveryapp/js/dom.js";
import { sentence } from "../../deliveryapp/js/format.js";
import { newId } from "../../deliveryapp/js/ids.js";
import { confirmDialog, openDialog } from "../../deliveryapp/js/ui.js";
import { WEEKDAYS } from "./day-parts.js";

const ALLERGENS =
  "celery crustaceans eggs fish gluten lupin milk molluscs mustard nuts peanuts sesame soybeans sulphites";
const DIETS = "vegan vegetarian halal kosher gluten_free lactose_free";

export function field(label, input, hint = null) {
  const id = `f-${newId()}`;
  input.id = id;
  return h("div", { class: "field" }, h("label", { for: id }, label), input, hint && h("p", { class: "hint" }, hint));
}

export const text = (value, maxlength) => h("input", { type: "text", value: value ?? "", maxlength });
export const number = (value, props = {}) =>
  h("input", { type: "number", inputmode: "decimal", min: 0, value: value ?? "", ...props });

function chips(label, words, chosen) {
  return h(
    "div",
    { class: "chips", role: "group", "aria-label": label },
    words.map(([value, name]) =>
      h("label", { class: "chip" }, h("input", { type: "checkbox", value, checked: chosen.includes(value) }), name),
    ),
  );
}

const marks = (label, words, chosen) =>
  chips(
    label,
    words.split(" ").map((word) => [word, sentence(word)]),
    chosen,
  );
const ticked = (element) =>
  $$("input", element)
    .filter((input) => input.checked)
    .map((input) => input.value);

/** One window of days and hours; a second one that a file brought in is kept as it is. */
function hours(windows) {
  const [first, ...others] = windows;
  const starts = h("input", { type: "time", value: first?.starts ?? "", "aria-label": "From" });
  const ends = h("input", { type: "time", value: first?.ends ?? "", "aria-label": "Until" });
  const days = chips(
    "Days",
    WEEKDAYS.map((name, day) => [String(day), name]),
    (first?.weekdays ?? [0, 1, 2, 3, 4, 5, 6]).map(String),
  );
  const element = h(
    "div",
    { class: "stack-s" },
    h("span", { class: "strong" }, "Served only at certain hours"),
    h("div", { class: "two" }, field("From", starts), field("Until", ends)),
    days,
    others.length > 0 && h("p", { class: "muted small" }, `And ${others.length} more, from a file.`),
  );
  const read = () =>
    starts.value && ends.value
      ? [{ weekdays: ticked(days).map(Number), starts: starts.value, ends: ends.value }, ...others]
      : [];
  return { element, read };
}

const decimals = (currency) =>
  new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;

/** An input for a price, and what it holds in minor units of the currency. */
export function priceInput(amount_minor, currency) {
  const digits = decimals(currency);
  const value = amount_minor === null ? "" : (amount_minor / 10 ** digits).toFixed(digits);
  const input = number(value, { step: (10 ** -digits).toFixed(digits), required: true });
  return { input, read: () => Math.round(Number(input.value) * 10 ** digits) };
}

/** Opens a form; `save` answers whether it worked, and the form then closes. */
export function form({ title, fields, save, archive = null, more = null }) {
  const button = h("button", { type: "submit", class: "button primary" }, "Save");
  const remove =
    archive && h("button", { type: "button", class: "button danger", onclick: () => drop() }, "Take off the menu");
  const body = h("form", { class: "form-grid" }, fields, more, h("div", { class: "row-wrap" }, button, remove));
  const opened = openDialog({ title, body });
  const drop = async () => {
    const sure = await confirmDialog({
      title: "Take it off the menu?",
      text: "Orders that have it keep it. You can put it back later.",
      confirm: "Take off",
      danger: true,
    });
    if (sure && (await archive())) opened.close();
  };
  body.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    if (await save()) opened.close();
    button.disabled = false;
  });
  $("input", body)?.focus();
  return opened;
}

export function editSection(editor, section = null) {
  const name = text(section?.name, 80);
  const served = hours(section?.windows ?? []);
  const body = () => ({ name: name.value, windows: served.read() });
  form({
    title: section ? section.name : "New section",
    fields: [field("Name", name), served.element],
    save: () =>
      section
        ? editor.change("sections", section.id, body(), `${name.value} is saved`)
        : editor.add("sections", { ...body(), position: editor.menu.sections.length }, `${name.value} is added`),
    archive: section && (() => editor.archive("sections", section.id, `${section.name} is off the menu`)),
  });
}

export function editItem(editor, section, item = null, options = null) {
  const name = text(item?.name, 120);
  const description = h("textarea", { maxlength: 400 });
  description.value = item?.description ?? "";
  const price = priceInput(item ? item.price.amount_minor : null, editor.menu.currency);
  const stock = number(item?.stock, { step: 1, placeholder: "not counted" });
  const allergens = marks("Allergens", ALLERGENS, item?.allergens ?? []);
  const diets = marks("Diet", DIETS, item?.diets ?? []);
  const served = hours(item?.windows ?? []);
  const body = () => ({
    name: name.value,
    description: description.value,
    price_minor: price.read(),
    stock: stock.value === "" ? null : Number(stock.value),
    allergens: ticked(allergens),
    diets: ticked(diets),
    windows: served.read(),
  });
  const opened = form({
    title: item ? item.name : `New in ${section.name}`,
    fields: [
      field("Name", name),
      field("Description", description),
      h(
        "div",
        { class: "two" },
        field(`Price (${editor.menu.currency})`, price.input),
        field("Pieces left", stock, "Empty: not counted"),
      ),
      h("span", { class: "strong" }, "Contains"),
      allergens,
      h("span", { class: "strong" }, "Suits"),
      diets,
      served.element,
    ],
    more:
      options &&
      h(
        "button",
        {
          type: "button",
          class: "button outline",
          onclick: () => {
            opened.close();
            options();
          },
        },
        "Questions and options",
      ),
    save: () =>
      item
        ? editor.change("items", item.id, body(), `${name.value} is saved`)
        : editor.add(
            "items",
            { ...body(), section_id: section.id, position: section.items.length },
            `${name.value} is added`,
          ),
    archive: item && (() => editor.archive("items", item.id, `${item.name} is off the menu`)),
  });
}
