// Taking dishes off the menu for a while, which ends by itself.

import { ApiError, api, serverNow_ms } from "../../deliveryapp/js/api.js";
import { $, busy, debounce, h, icon, replace } from "../../deliveryapp/js/dom.js";
import { dayAndClock } from "../../deliveryapp/js/format.js";
import { errorState, explain, openDialog, skeletonLines, toast } from "../../deliveryapp/js/ui.js";

const HOUR_MS = 3_600_000;
const RETURNS = [
  ["today", "at the end of today"],
  ["morning", "tomorrow at 5"],
  ["hours", "in 2 hours"],
  ["hand", "when I switch it on"],
];

export function startSoldOut({ base }) {
  $("#items").addEventListener("click", () => openItems(base));
}

/** What the API is told: the end of today is the restaurant's, so the server reckons it. */
function absence(how) {
  if (how === "today") return { available: false, until: "end_of_day" };
  return { available: false, sold_out_until: returnsAt(how) };
}

function returnsAt(how) {
  if (how === "hand") return null;
  if (how === "hours") return new Date(serverNow_ms() + 2 * HOUR_MS).toISOString();
  const morning = new Date(serverNow_ms());
  morning.setDate(morning.getDate() + 1);
  morning.setHours(5, 0, 0, 0);
  return morning.toISOString();
}

async function openItems(base) {
  const list = h("div", {}, skeletonLines(6));
  const how = h(
    "select",
    { id: "returns" },
    RETURNS.map(([value, text]) => h("option", { value }, text)),
  );
  const find = h("input", {
    type: "search",
    placeholder: "Find a dish",
    "aria-label": "Find a dish",
    autocomplete: "off",
  });
  openDialog({
    title: "What is sold out?",
    className: "broad",
    body: h(
      "div",
      { class: "stack" },
      h(
        "div",
        { class: "row-wrap" },
        h("label", { for: "returns" }, "Sold out dishes come back"),
        h("div", { class: "select" }, how, icon("chevron")),
      ),
      h("div", { class: "search" }, icon("search"), find),
      list,
    ),
  });
  try {
    const menu = await api.get(`${base}catalogue/`);
    const items = menu.sections.flatMap((section) => section.items.flatMap(switchable));
    const show = () =>
      replace(
        list,
        h(
          "ul",
          { class: "drawer-list" },
          items
            .filter((item) => item.name.toLowerCase().includes(find.value.trim().toLowerCase()))
            .map((item) => itemRow(base, item, how)),
        ),
      );
    find.addEventListener("input", debounce(show, 120));
    show();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    replace(list, errorState(error));
  }
}

/** A dish and its answers, as rows of one list. */
function switchable(item) {
  const options = item.option_groups.flatMap((group) => group.options);
  return [
    { ...item, kind: "items" },
    ...options.map((option) => ({ ...option, kind: "options", name: `${item.name}: ${option.name}` })),
  ];
}

function itemRow(base, item, how) {
  const state = h("small", { class: "muted" });
  const input = h("input", {
    type: "checkbox",
    role: "switch",
    checked: item.available,
    "aria-label": item.name,
  });
  const paint = () => {
    const back = item.sold_out_until ? `Sold out until ${dayAndClock(item.sold_out_until)}` : "Sold out";
    state.textContent = item.available ? "On the menu" : back;
    input.checked = item.available;
  };
  input.addEventListener("change", () =>
    busy(input, async () => {
      const available = input.checked;
      try {
        const body = available ? { available } : absence(how.value);
        const answer = await api.patch(`${base}${item.kind}/${item.id}/`, body);
        Object.assign(item, { available: answer.available, sold_out_until: answer.sold_out_until });
        toast(`${item.name}: ${item.available ? "on the menu" : "sold out"}`, {
          kind: "good",
          stay_ms: 2000,
        });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        explain(error);
      }
      paint();
    }),
  );
  paint();
  return h(
    "li",
    {},
    h("span", { class: "grow" }, item.name, state),
    h("label", { class: "switch" }, input, h("span", { class: "track" })),
  );
}
