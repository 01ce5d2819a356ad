// What may be chosen about a dish: its questions, their answers, and the questions that an answer opens.

import { h, replace } from "../../deliveryapp/js/dom.js";
import { money, priceDelta } from "../../deliveryapp/js/format.js";
import { openDialog } from "../../deliveryapp/js/ui.js";
import { ruleOf } from "./item-dialog.js";
import { field, form, number, priceInput, text } from "./menu-forms.js";

/** `current` answers the dish as the menu has it now. */
export function editGroups(editor, current) {
  const body = h("div");
  const paint = () => {
    const item = current();
    if (!item) return opened.close();
    const groups = item.option_groups;
    const top = groups.filter((group) => group.opened_by_id === null);
    return replace(
      body,
      h("p", { class: "muted" }, `${item.name}, ${money(item.price)}`),
      top.map((group) => [
        groupBox(group),
        group.options.flatMap((option) =>
          groups
            .filter((inner) => inner.opened_by_id === option.id)
            .map((inner) => groupBox(inner, `Asked with “${option.name}”: `)),
        ),
      ]),
      h("p", {}, button("Add a question", () => editGroup(null, item))),
    );
  };
  const tell = async (done) => {
    const worked = await done;
    if (worked) paint();
    return worked;
  };

  const button = (label, onclick) => h("button", { type: "button", class: "button small", onclick }, label);

  function groupBox(group, before = "") {
    return h(
      "div",
      { class: `group-box ${before ? "nested" : ""}` },
      h(
        "div",
        { class: "spread" },
        h("span", { class: "strong" }, `${before}${group.name}`),
        h("span", { class: "badge" }, ruleOf(group)),
      ),
      h(
        "ul",
        { class: "drawer-list" },
        group.options.map((option) =>
          h(
            "li",
            {},
            h("span", { class: "grow" }, option.name, !option.available && h("small", {}, "Sold out")),
            h("span", { class: "numbers muted" }, priceDelta(option.price_delta)),
            button("Edit", () => editOption(group, option)),
          ),
        ),
      ),
      h(
        "div",
        { class: "row-wrap" },
        button("Add an answer", () => editOption(group, null)),
        button("Edit the question", () => editGroup(group, current())),
      ),
    );
  }

  function editGroup(group, item) {
    const name = text(group?.name, 80);
    const least = number(group?.min_choices ?? 0, { step: 1 });
    const most = number(group?.max_choices ?? 1, { step: 1, min: 1 });
    const openers = item.option_groups
      .filter((other) => other.opened_by_id === null && other.id !== group?.id)
      .flatMap((other) => other.options);
    const opener = h(
      "select",
      {},
      h("option", { value: "" }, "Everybody"),
      openers.map((option) => h("option", { value: option.id }, `Who chose “${option.name}”`)),
    );
    opener.value = group?.opened_by_id ?? "";
    const fields = () => ({
      name: name.value,
      min_choices: Number(least.value),
      max_choices: Number(most.value),
      opened_by_id: opener.value || null,
    });
    form({
      title: group ? group.name : "New question",
      fields: [
        field("Question", name),
        h("div", { class: "two" }, field("At least", least), field("At most", most)),
        field("Asked of", opener),
      ],
      save: () =>
        tell(
          group
            ? editor.change("groups", group.id, fields(), `${name.value} is saved`)
            : editor.add(
                "groups",
                { ...fields(), item_id: item.id, position: item.option_groups.length },
                `${name.value} is added`,
              ),
        ),
      archive: group && (() => tell(editor.archive("groups", group.id, `${group.name} is gone`))),
    });
  }

  function editOption(group, option) {
    const name = text(option?.name, 80);
    const price = priceInput(option?.price_delta.amount_minor ?? 0, editor.menu.currency);
    const fields = () => ({ name: name.value, price_delta_minor: price.read() });
    form({
      title: option ? option.name : `New answer to ${group.name}`,
      fields: [field("Answer", name), field(`Adds to the price (${editor.menu.currency})`, price.input)],
      save: () =>
        tell(
          option
            ? editor.change("options", option.id, fields(), `${name.value} is saved`)
            : editor.add(
                "options",
                { ...fields(), group_id: group.id, position: group.options.length },
                `${name.value} is added`,
              ),
        ),
      archive: option && (() => tell(editor.archive("options", option.id, `${option.name} is gone`))),
    });
  }

  const opened = openDialog({ title: "Questions and options", className: "broad", body });
  paint();
}
