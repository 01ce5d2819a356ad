// The opening hours as owners and managers write them: the week, special days, limits. Saved as a whole.

import { ApiError, api } from "../../deliveryapp/js/api.js";
import { $, busy, h, icon, replace } from "../../deliveryapp/js/dom.js";
import { notice } from "../../deliveryapp/js/refusals.js";
import { errorState, explain, openDialog, skeletonLines, toast } from "../../deliveryapp/js/ui.js";

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const USUAL = { opens: "11:00", closes: "22:00" };
const root = $("#hours");
const base = `restaurants/${root.dataset.restaurant}/`;
const said = h("div", { role: "alert" });
let hours = null;

function timeInput(span, name, label) {
  const input = h("input", { type: "time", class: "input", value: span[name], required: true, "aria-label": label });
  input.addEventListener("input", () => {
    span[name] = input.value;
    changed();
  });
  return input;
}

function spanRow(spans, span, label, repaint) {
  const remove = () => {
    spans.splice(spans.indexOf(span), 1);
    repaint();
  };
  return h(
    "div",
    { class: "span-row" },
    timeInput(span, "opens", `${label} opens`),
    h("span", { "aria-hidden": "true" }, "–"),
    timeInput(span, "closes", `${label} closes`),
    h(
      "button",
      { type: "button", class: "icon-button", "aria-label": `Remove these hours of ${label}`, onclick: remove },
      icon("close"),
    ),
  );
}

/** All spans of one day with a way to add another; `spans` is changed in place. */
function spansOf(spans, label, repaint) {
  const add = () => {
    spans.push({ ...USUAL });
    repaint();
  };
  return h(
    "div",
    { class: "spans" },
    spans.length ? spans.map((span) => spanRow(spans, span, label, repaint)) : h("span", { class: "muted" }, "Closed"),
    h(
      "button",
      { type: "button", class: "button small ghost", "aria-label": `Add hours to ${label}`, onclick: add },
      icon("plus"),
      "Add hours",
    ),
  );
}

function weekCard() {
  const list = h("ul", { class: "day-list" });
  const paint = () => {
    changed();
    replace(
      list,
      hours.week.map((spans, weekday) =>
        h("li", {}, h("span", { class: "strong" }, DAYS[weekday]), spansOf(spans, DAYS[weekday], paint)),
      ),
    );
  };
  const copy = () => {
    hours.week = hours.week.map(() => hours.week[0].map((span) => ({ ...span })));
    paint();
  };
  paint();
  const everyDay = h(
    "button",
    { type: "button", class: "button small", onclick: copy },
    "Monday's hours every day",
  );
  const hint = "Closing before opening means the next day: 18:00 – 02:00. 00:00 – 00:00 is the whole day.";
  return card("Every week", hint, list, h("div", {}, everyDay));
}

function specialDay(day, paint) {
  const date = h("input", { type: "date", class: "input", value: day.date, required: true, "aria-label": "Date" });
  date.addEventListener("input", () => {
    day.date = date.value;
    changed();
  });
  const yearly = h("input", { type: "checkbox", checked: day.repeats_yearly });
  yearly.addEventListener("change", () => {
    day.repeats_yearly = yearly.checked;
    changed();
  });
  const remove = () => {
    hours.special_days.splice(hours.special_days.indexOf(day), 1);
    paint();
  };
  return h(
    "li",
    {},
    h("div", { class: "stack-s" }, date, h("label", { class: "every-year" }, yearly, "Every year")),
    spansOf(day.spans, day.date || "the new day", paint),
    h("button", { type: "button", class: "icon-button", "aria-label": `Remove ${day.date}`, onclick: remove }, icon("close")),
  );
}

function specialCard() {
  const list = h("ul", { class: "day-list special" });
  const paint = () => {
    changed();
    replace(
      list,
      hours.special_days.length
        ? hours.special_days.map((day) => specialDay(day, paint))
        : h("li", { class: "muted" }, "None yet: public holidays, a private party, longer hours before Christmas."),
    );
  };
  const add = () => {
    hours.special_days.push({ date: "", repeats_yearly: false, spans: [] });
    paint();
  };
  paint();
  const hint = "They replace the week's hours of that day. Without hours you are closed. Give every-year days any year.";
  return card(
    "Special days",
    hint,
    list,
    h(
      "div",
      { class: "row-wrap" },
      h("button", { type: "button", class: "button small", onclick: add }, icon("plus"), "Add a day"),
      h("button", { type: "button", class: "button small", onclick: importDays }, "Import a list"),
    ),
  );
}

function limitsCard() {
  const last = h("input", { id: "last-order", type: "number", min: 0, max: 240, value: hours.last_order_minutes });
  const places = h("input", { id: "capacity", type: "number", min: 1, max: 1000, value: hours.slot_capacity ?? "" });
  last.addEventListener("input", () => {
    hours.last_order_minutes = Number(last.value);
    changed();
  });
  places.addEventListener("input", () => {
    hours.slot_capacity = places.value === "" ? null : Number(places.value);
    changed();
  });
  return card(
    "Limits",
    "",
    h(
      "div",
      { class: "limits" },
      field(last, "Last order, minutes before closing", "0: until the doors close"),
      field(places, "Most orders in a quarter of an hour", "Empty: any number"),
    ),
  );
}

const field = (input, label, hint) =>
  h("div", { class: "field" }, h("label", { for: input.id }, label), input, h("span", { class: "hint" }, hint));

const card = (title, hint, ...children) =>
  h("section", { class: "card stack" }, h("h2", {}, title), hint && h("p", { class: "muted small" }, hint), children);

// What the API speaks, and what is edited: spans by weekday ---------------------------------

function fromApi(body) {
  const week = DAYS.map((_, weekday) => body.week.filter((span) => span.weekday === weekday));
  return { ...body, week };
}

function toApi({ week, special_days, last_order_minutes, slot_capacity }) {
  return {
    week: week.flatMap((spans, weekday) => spans.map(({ opens, closes }) => ({ weekday, opens, closes }))),
    special_days,
    last_order_minutes,
    slot_capacity,
  };
}

let isDirty = false;
function changed() {
  isDirty = true;
  replace(said);
}

function show(body) {
  hours = fromApi(body);
  const save = h("button", { type: "submit", class: "button primary tall" }, "Save hours");
  const form = h(
    "form",
    { class: "stack" },
    h("p", { class: "muted" }, `Times are of the clock in ${body.timezone.replace("_", " ")}.`),
    weekCard(),
    specialCard(),
    limitsCard(),
    said,
    h("div", { class: "save-bar" }, save),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    store(save);
  });
  replace(root, form);
  isDirty = false;
}

const store = (button) =>
  busy(button, async () => {
    try {
      show(await api.put(`${base}hours/`, toApi(hours)));
      toast("Saved. Customers see it at once.", { kind: "good" });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const fields = error.errors.map(({ detail }) => detail);
      replace(said, notice("bad", "alert", "Not saved.", [error.detail, ...fields].filter(Boolean).join(" ")));
    }
  });

async function importDays() {
  const text = h("textarea", {
    id: "days",
    rows: 8,
    placeholder: "12-06 closed\n2026-12-24 11:00-15:00\n2026-12-31 11:00-15:00, 18:00-02:00",
  });
  const send = h("button", { type: "button", class: "button primary" }, "Import");
  const opened = openDialog({
    title: "Import special days",
    body: h(
      "div",
      { class: "field" },
      h("label", { for: "days" }, "One day to a line"),
      text,
      h("span", { class: "hint" }, "12-06 is every year, 2026-12-06 only then. Unsaved changes on the page are lost."),
    ),
    foot: send,
  });
  send.addEventListener("click", () =>
    busy(send, async () => {
      try {
        show(await api.post(`${base}special-days/import/`, { text: text.value }));
        opened.close();
        toast("Imported.", { kind: "good" });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const lines = (error.body.rows ?? []).map(({ line }) => line).filter(Boolean);
        explain(lines.length ? { detail: `${error.detail} Line ${lines.join(", ")}.` } : error);
      }
    }),
  );
}

addEventListener("beforeunload", (event) => {
  if (isDirty) event.preventDefault();
});

async function start() {
  replace(root, skeletonLines(8));
  try {
    show(await api.get(`${base}hours/`));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    replace(root, errorState(error, start));
  }
}

start();
