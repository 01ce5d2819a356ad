// The menu as staff write it: switches for everybody in the kitchen, everything else for owners and managers.

import { ApiError, api } from "../../deliveryapp/js/api.js";
import { $, busy, h, icon, replace } from "../../deliveryapp/js/dom.js";
import { dayAndClock, money, plural } from "../../deliveryapp/js/format.js";
import { emptyState, explain, fill, skeletonLines, toast } from "../../deliveryapp/js/ui.js";
import { windowsText } from "./day-parts.js";
import { editGroups } from "./menu-groups.js";
import { editItem, editSection } from "./menu-forms.js";
import { importFile } from "./menu-import.js";

const root = $("#menu-editor");
const base = `restaurants/${root.dataset.restaurant}/`;
let menu = null;

/** Runs a change and shows the menu as the server then has it; answers whether it worked. */
async function write(call, said) {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    explain(error);
    return false;
  }
  toast(said, { kind: "good", stay_ms: 2000 });
  await show();
  return true;
}

const editor = {
  get menu() {
    return menu;
  },
  add: (kind, body, said) => write(() => api.post(`${base}catalogue/${kind}/`, body), said),
  change: (kind, id, body, said) => write(() => api.patch(`${base}catalogue/${kind}/${id}/`, body), said),
  archive: (kind, id, said) => write(() => api.delete(`${base}catalogue/${kind}/${id}/`), said),
};

function badges(item) {
  const asked = item.option_groups.length;
  return h(
    "span",
    { class: "badges" },
    item.stock !== null && h("span", { class: `badge ${item.stock ? "" : "warn"}` }, `${item.stock} left`),
    !item.available && item.stock !== 0 && h("span", { class: "badge warn" }, soldOut(item)),
    item.windows.length > 0 && h("span", { class: "badge" }, windowsText(item.windows)),
    asked > 0 && h("span", { class: "badge" }, plural(asked, "question")),
  );
}

const soldOut = (item) =>
  item.sold_out_until ? `Sold out until ${dayAndClock(item.sold_out_until)}` : "Sold out";

function itemRow(section, item) {
  const input = h("input", {
    type: "checkbox",
    role: "switch",
    checked: item.available,
    "aria-label": `Sell ${item.name}`,
  });
  input.addEventListener("change", () =>
    busy(input, async () => {
      const body = input.checked ? { available: true } : { available: false, until: "end_of_day" };
      const said = input.checked ? `${item.name} is on the menu` : `${item.name} is sold out for today`;
      if (!(await write(() => api.patch(`${base}items/${item.id}/`, body), said)))
        input.checked = item.available;
    }),
  );
  const name = [h("span", { class: "name" }, item.name), badges(item)];
  return h(
    "li",
    { class: "menu-row" },
    menu.may_edit
      ? h("button", { type: "button", class: "plain", onclick: () => open(section, item) }, name)
      : h("span", {}, name),
    h("span", { class: "numbers" }, money(item.price)),
    h("label", { class: "switch" }, input, h("span", { class: "track" })),
  );
}

const open = (section, item) =>
  editItem(editor, section, item, () => editGroups(editor, () => itemOf(item.id)));

const itemOf = (id) => menu.sections.flatMap((section) => section.items).find((item) => item.id === id);

function sectionBlock(section) {
  return h(
    "section",
    { class: "menu-block card" },
    h(
      "div",
      { class: "spread" },
      h(
        "div",
        {},
        h("h2", {}, section.name),
        h("p", { class: "muted small" }, windowsText(section.windows) || "Served all day"),
      ),
      menu.may_edit &&
        h(
          "div",
          { class: "row-wrap" },
          h(
            "button",
            { type: "button", class: "button small", onclick: () => editSection(editor, section) },
            "Edit",
          ),
          h(
            "button",
            { type: "button", class: "button small", onclick: () => editItem(editor, section) },
            icon("plus"),
            "Dish",
          ),
        ),
    ),
    h(
      "ul",
      {},
      section.items.map((item) => itemRow(section, item)),
    ),
    section.items.length === 0 && h("p", { class: "muted" }, "Nothing here yet."),
  );
}

async function load() {
  menu = await api.get(`${base}catalogue/`);
  return menu;
}

function paint() {
  const tools = $("#menu-tools");
  tools.hidden = !menu.may_edit;
  const download = (as) =>
    h(
      "a",
      { class: "button small", href: `/api/v1/${base}catalogue/export/${as}/`, download: true },
      `Download ${as.toUpperCase()}`,
    );
  replace(
    tools,
    h(
      "button",
      { type: "button", class: "button small primary", onclick: () => editSection(editor) },
      "Add a section",
    ),
    download("csv"),
    download("json"),
    h("button", { type: "button", class: "button small", onclick: () => importFile(base, show) }, "Import"),
  );
  if (menu.sections.length > 0) return menu.sections.map(sectionBlock);
  return emptyState({ figure: "list", title: "The menu is empty", text: "Begin with a section." });
}

const show = async () => replace($("#menu-rows"), ...[(await load(), paint())].flat());

fill($("#menu-rows"), { load, show: paint, wait: skeletonLines(8) });
