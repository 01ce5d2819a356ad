// The kitchen's own state: taking orders, paused until a time, busy for a while, closed for today. What is on shows as a
// bar with the way to end it; pause and busy end by themselves.

import { ApiError, api, serverNow_ms } from "../../deliveryapp/js/api.js";
import { $, h, icon, replace } from "../../deliveryapp/js/dom.js";
import { clock, dayAndClock, plural } from "../../deliveryapp/js/format.js";
import { confirmDialog, explain, openDialog, toast } from "../../deliveryapp/js/ui.js";

const PAUSES = [
  [15, "15 minutes"],
  [30, "30 minutes"],
  [60, "1 hour"],
  [120, "2 hours"],
  [null, "Until I resume"],
];
const EXTRA_MINUTES = [10, 20, 30];
const BUSY_MINUTES = [30, 60, 120];
const MINUTE_MS = 60_000;

/** `mayClose`: owners and managers; the server has the last word. */
export function startKitchenState({ base, slug, mayClose }) {
  const call = async (ask) => {
    try {
      show(await ask());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      explain(error);
    }
  };
  const resume = () => call(() => api.post(`${base}resume/`));
  const quick = () => call(() => api.delete(`${base}busy/`));
  const show = (kitchen) => {
    showPaused(kitchen, resume);
    showBusy(kitchen, quick);
    if (mayClose) $("#close-today").hidden = !kitchen.accepting;
  };
  const look = async () => {
    const mine = await api.get("restaurants/mine/").catch(() => null);
    const kitchen = mine?.results.find((place) => place.slug === slug);
    if (kitchen) show(kitchen);
  };
  $("#pause").addEventListener("click", async () => {
    const answer = await askPause();
    if (answer) await call(() => api.post(`${base}pause/`, answer));
  });
  $("#busy").addEventListener("click", async () => {
    const answer = await askBusy();
    if (answer) await call(() => api.put(`${base}busy/`, answer));
  });
  $("#close-today")?.addEventListener("click", async () => {
    if (await askClose()) await close(base, look);
  });
  look();
  setInterval(look, MINUTE_MS);
}

const isPaused = ({ accepting, paused_until: until }) =>
  !accepting || (until && Date.parse(until) > serverNow_ms());

function bar(element, shown, iconName, text, end, onEnd) {
  element.hidden = !shown;
  if (!shown) return;
  replace(
    element,
    icon(iconName),
    h("span", { class: "grow strong" }, text),
    h("button", { type: "button", class: "button small", onclick: onEnd }, end),
  );
}

function showPaused(kitchen, onResume) {
  const shown = isPaused(kitchen);
  $("#pause").hidden = shown;
  const until = kitchen.paused_until && ` until ${soon(kitchen.paused_until)}`;
  bar($("#paused"), shown, "pause", `New orders are paused${until ?? ""}.`, "Resume now", onResume);
}

function showBusy({ busy }, onEnd) {
  $("#busy").hidden = Boolean(busy);
  const text = busy && `Busy: customers are told ${busy.extra_minutes} minutes more until ${soon(busy.until)}.`;
  bar($("#busy-bar"), Boolean(busy), "pot", text, "Back to usual", onEnd);
}

/** "18:30" today, "Tue 5 May, 11:00" otherwise. */
function soon(at) {
  const isToday = new Date(at).toDateString() === new Date(serverNow_ms()).toDateString();
  return isToday ? clock(at) : dayAndClock(at);
}

/** Resolves to the body of a pause, undefined when the kitchen changed its mind. */
function askPause() {
  const time = h("input", { id: "pause-until", type: "time", step: 300 });
  const until = h("button", { type: "button", class: "button primary", disabled: true }, "Pause until then");
  time.addEventListener("input", () => {
    until.disabled = !time.value;
  });
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
      h(
        "div",
        { class: "until" },
        h("div", { class: "field" }, h("label", { for: "pause-until" }, "Or until"), time),
        until,
      ),
    ),
  });
  until.addEventListener("click", () => opened.close({ until: nextTime(time.value) }));
  return opened.closed;
}

/** The next moment at which this screen's clock reads `text`, as "18:30". */
function nextTime(text) {
  const [hours, minutes] = text.split(":").map(Number);
  const at = new Date(serverNow_ms());
  at.setHours(hours, minutes, 0, 0);
  if (at.getTime() <= serverNow_ms()) at.setDate(at.getDate() + 1);
  return at.toISOString();
}

/** Resolves to {extra_minutes, minutes}. */
function askBusy() {
  let minutes = 60;
  const duration = (value) =>
    h(
      "label",
      { class: "chip" },
      h("input", {
        type: "radio",
        name: "busy-for",
        checked: value === minutes,
        onchange: () => {
          minutes = value;
        },
      }),
      value < 60 ? `${value} minutes` : plural(value / 60, "hour"),
    );
  const opened = openDialog({
    title: "How busy are you?",
    body: h(
      "div",
      { class: "stack" },
      h(
        "p",
        { class: "muted" },
        "You keep taking orders, and customers are told that they take longer. It ends by itself.",
      ),
      h("p", { class: "label" }, "For"),
      h("div", { class: "chips", role: "radiogroup", "aria-label": "For" }, BUSY_MINUTES.map(duration)),
      h("p", { class: "label" }, "Cooking takes"),
      h(
        "div",
        { class: "busy-more" },
        EXTRA_MINUTES.map((extra_minutes) =>
          h(
            "button",
            { type: "button", class: "button primary", onclick: () => opened.close({ extra_minutes, minutes }) },
            `+${extra_minutes} min`,
          ),
        ),
      ),
    ),
  });
  return opened.closed;
}

const askClose = () =>
  confirmDialog({
    title: "Close for today?",
    text: "Orders that you have not accepted are cancelled, and their customers are told. Accepted orders stay: cook them, or cancel them one by one. You open again with “Resume now”.",
    confirm: "Close now",
    danger: true,
  });

async function close(base, look) {
  try {
    const { cancelled_orders: count } = await api.post(`${base}close/`);
    toast(count ? `Closed. ${plural(count, "order")} cancelled.` : "Closed.", { kind: "good" });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    explain(error);
  }
  await look();
}
