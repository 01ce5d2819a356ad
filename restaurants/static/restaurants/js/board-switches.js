// The kitchen's switches: pausing orders for a while, and taking dishes off the menu. Both end by themselves.

import { ApiError, api, serverNow_ms } from "../../deliveryapp/js/api.js";
import { $, busy, debounce, h, icon, replace } from "../../deliveryapp/js/dom.js";
import { clock, dayAndClock } from "../../deliveryapp/js/format.js";
import { errorState, explain, openDialog, skeletonLines, toast } from "../../deliveryapp/js/ui.js";

const PAUSES = [
  [15, "15 minutes"],
  [30, "30 minutes"],
  [60, "1 hour"],
  [120, "2 hours"],
  [null, "Until I resume"],
];
const HOUR_MS = 3_600_000;
const RETURNS = [
  ["today", "at the end of today"],
  ["morning", "tomorrow at 5"],
  ["hours", "in 2 hours"],
  ["hand", "when I switch it on"],
];

export function startSwitches({ base, slug }) {
  const showState = (kitchen) => showPaused(kitchen, () => resume(base, showState));
  $("#pause").addEventListener("click", () => pause(base, showState));
  $("#items").addEventListener("click", () => openItems(base));
  const look = async () => {
    const mine = await api.get("restaurants/mine/").catch(() => null);
    const kitchen = mine?.results.find((place) => place.slug === slug);
    if (kitchen) showState(kitchen);
  };
  look();
  setInterval(look, 60_000);
}

const isPaused = ({ accepting, paused_until: until }) =>
  !accepting || (until && Date.parse(until) > serverNow_ms());

function showPaused(kitchen, onResume) {
  const bar = $("#paused");
  bar.hidden = !isPaused(kitchen);
  $("#pause").hidden = !bar.hidden;
  if (bar.hidden) return;
  const until = kitchen.paused_until
    ? `New orders are paused until ${clock(kitchen.paused_until)}.`
    : "New orders are paused.";
  replace(
    bar,
    icon("pause"),
    h("span", { class: "grow strong" }, until),
    h("button", { type: "button", class: "button small", onclick: onResume }, "Resume now"),
  );
}

async function pause(base, showState) {
  const opened = openDialog({
    title: "Pause new orders?",
    body: h(
      "div",
      { class: "stack" },
      h(
        "p",
        { class: "muted" },
        "Orders you already have stay on the board. Customers see that you are closed for now.",
      ),
      h(
        "div",
        { class: "chips" },
        PAUSES.map(([minutes, text]) =>
          h("button", { type: "button", class: "chip", onclick: () => opened.close({ minutes }) }, text),
        ),
      ),
    ),
  });
  const answer = await opened.closed;
  if (answer) await change(() => api.post(`${base}pause/`, answer), showState);
}

const resume = (base, showState) => change(() => api.post(`${base}resume/`), showState);

async function change(call, showState) {
  try {
    showState(await call());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    explain(error);
  }
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
