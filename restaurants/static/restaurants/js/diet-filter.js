// Chips that leave only the dishes that suit: with a diet's mark, or without an allergen.

import { $, $$, h, icon } from "../../deliveryapp/js/dom.js";
import { sentence } from "../../deliveryapp/js/format.js";

/** The chips for what this menu has; empty when there is nothing to choose between. */
export function dietFilter(items) {
  const diets = [...new Set(items.flatMap((item) => item.diets))].sort();
  const allergens = [...new Set(items.flatMap((item) => item.allergens))].sort();
  if (diets.length + allergens.length === 0) return null;
  const chip = (kind, name, text) =>
    h("label", { class: "chip" }, h("input", { type: "checkbox", dataset: { kind }, value: name }), text);
  const none = h(
    "p",
    { class: "muted", role: "status", hidden: true },
    "No dish of this menu suits all of that.",
  );
  const element = h(
    "div",
    { class: "diet-filter stack-s" },
    diets.length > 0 &&
      h(
        "div",
        { class: "chips scroll", role: "group", "aria-label": "Diet" },
        diets.map((name) => chip("diets", name, sentence(name))),
      ),
    allergens.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, icon("leaf"), "Leave out allergens"),
        h(
          "div",
          { class: "chips", role: "group", "aria-label": "Without" },
          allergens.map((name) => chip("allergens", name, `No ${sentence(name).toLowerCase()}`)),
        ),
      ),
    none,
  );
  element.addEventListener("change", () => {
    none.hidden = show(element) > 0;
  });
  return element;
}

/** Hides what does not suit, and sections without a dish left; how many dishes are shown. */
function show(element) {
  const asked = (kind) =>
    $$(`input[data-kind=${kind}]`, element)
      .filter((input) => input.checked)
      .map((input) => input.value);
  const [diets, allergens] = [asked("diets"), asked("allergens")];
  let shown = 0;
  for (const section of $$(".menu-section")) {
    const dishes = $$(".menu-item", section);
    for (const dish of dishes) {
      const has = (kind, name) => dish.dataset[kind].split(" ").includes(name);
      dish.hidden =
        !diets.every((name) => has("diets", name)) || allergens.some((name) => has("allergens", name));
    }
    const left = dishes.filter((dish) => !dish.hidden).length;
    section.hidden = left === 0;
    const link = $(`a[href="#${section.id}"]`);
    if (link) link.hidden = section.hidden;
    shown += left;
  }
  return shown;
}
