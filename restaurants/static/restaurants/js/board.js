// The kitchen's board: orders arrive by socket, ring until somebody acts, and never vanish without a word.

import { ApiError, api, serverNow_ms } from "../../deliveryapp/js/api.js";
import { $, $$, busy, h, icon, reconcile, replace } from "../../deliveryapp/js/dom.js";
import { countdown, plural } from "../../deliveryapp/js/format.js";
import { Live, liveBar } from "../../deliveryapp/js/live.js";
import { errorState, explain, toast } from "../../deliveryapp/js/ui.js";
import { Alarm } from "./alarm.js";
import { approachText, ticketContent } from "./board-card.js";
import { BoardState, COLUMNS } from "./board-state.js";
import { askReason } from "./reject-dialog.js";
import { askMissing, explainSwap } from "./missing-dialog.js";
import { startKitchenState } from "./board-kitchen.js";
import { startToday } from "./board-today.js";
import { startSoldOut } from "./board-switches.js";

const root = $("#board");
const { restaurant: restaurantId, slug, name } = root.dataset;
const base = `restaurants/${restaurantId}/`;
const alarm = new Alarm();
const board = new BoardState(orderTakenAway);
const pageTitle = document.title;
const SOON_S = 60;
const DRIVERS_EVERY_MS = 10_000;

function orderTakenAway(order) {
  alarm.soundGone();
  $("#board-said").textContent = `Order ${order.number} was cancelled.`;
}

// Drawing ----------------------------------------------------------------------------------

function buildColumns() {
  replace(
    $("#columns"),
    COLUMNS.map(({ id, title, nothing }) =>
      h(
        "section",
        { class: "column", dataset: { column: id }, "aria-label": title },
        h("h2", {}, title, h("span", { class: "count" })),
        h("ul", { class: "cards" }),
        h("p", { class: "nothing" }, nothing),
      ),
    ),
  );
  replace(
    $("#tabs"),
    COLUMNS.map(({ id, title }) =>
      h(
        "button",
        { type: "button", class: "chip", dataset: { tab: id }, onclick: () => openTab(id) },
        title,
        h("span", { class: "count" }),
      ),
    ),
  );
  openTab("new");
}

function openTab(id) {
  $("#columns").dataset.tab = id;
  $$("#tabs button").forEach((tab) => tab.setAttribute("aria-pressed", String(tab.dataset.tab === id)));
}

function paint() {
  for (const { id } of COLUMNS) {
    const tickets = board.inColumn(id);
    const column = $(`[data-column="${id}"]`);
    reconcile($(".cards", column), tickets, {
      key: ({ order }) => order.id,
      build: newTicket,
      refresh: refreshTicket,
    });
    $(".count", column).textContent = tickets.length || "";
    $(`[data-tab="${id}"] .count`).textContent = tickets.length || "";
    $(".nothing", column).hidden = tickets.length > 0;
  }
  const waiting = board.waiting.length;
  alarm.ring(waiting > 0, board.waiting.some(({ order }) => unseen.has(order.id) && !order.acknowledged_at));
  paintDrivers();
  document.title = waiting ? `(${waiting}) New order · ${name}` : pageTitle;
  const said = waiting ? `${plural(waiting, "order")} waiting for an answer.` : "";
  if (said && $("#board-said").textContent !== said) $("#board-said").textContent = said;
  tick();
}

function newTicket({ order }) {
  const element = h("li", { class: "ticket", "aria-label": `Order ${order.number}` });
  seen.observe(element);
  return element;
}

/** Untouched while the order is the same, so that a prep time being chosen is not thrown away. */
function refreshTicket(element, ticket) {
  const { order, gone } = ticket;
  const version = JSON.stringify([order.seq, order.status, order.driver, order.ready_at, gone]);
  if (element.dataset.version === version) return;
  element.dataset.version = version;
  element.classList.toggle("ringing", order.status === "placed" && !gone);
  element.classList.toggle("gone", gone);
  replace(element, ticketContent(ticket, actions, slug));
}

function tick() {
  for (const element of $$("[data-deadline]", root)) {
    const left_s = (Date.parse(element.dataset.deadline) - serverNow_ms()) / 1000;
    element.textContent = left_s < 0 ? `-${countdown(-left_s)}` : countdown(left_s);
    element.classList.toggle("soon", left_s < SOON_S);
  }
}

// Acknowledging: the order counts as seen when its card was really on a visible screen ---------

const acknowledging = new Set();
const seen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) acknowledge(target.dataset.key);
  },
  { threshold: 0.3 },
);

async function acknowledge(id) {
  const order = board.get(id);
  if (
    document.hidden ||
    !order ||
    order.status !== "placed" ||
    order.acknowledged_at ||
    acknowledging.has(id)
  )
    return;
  acknowledging.add(id);
  try {
    take(await api.post(`${base}orders/${id}/acknowledge/`));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // Not acknowledged is the safe side: the platform escalates. The next look at the card tries again.
    acknowledging.delete(id);
  }
}

function lookAgain() {
  if (document.hidden) return;
  $$(".ticket").forEach((element) => {
    seen.unobserve(element);
    seen.observe(element);
  });
}

// Acting -----------------------------------------------------------------------------------

function take(order) {
  board.apply(order);
  paint();
}

async function act(order, button, path, body) {
  await busy(button, async () => {
    try {
      take(await api.post(`${base}orders/${order.id}/${path}/`, body));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!explainSwap(error)) explain(error);
      // Refused mostly means that somebody else was faster, or the customer cancelled: look again.
      live.resync();
    }
  });
}

const actions = {
  accept: (order, prep_minutes, button) => act(order, button, "confirm", { prep_minutes }),
  advance: (order, verb, button) => act(order, button, verb),
  later: (order, minutes, button) => act(order, button, "prep-time", { minutes }),
  reject: async (order, button) => {
    const answer = await askReason(order);
    if (!answer) return;
    board.expectEnd(order.id);
    await act(order, button, "reject", answer);
  },
  giveUp: async (order, button) => {
    const answer = await askReason(order);
    if (!answer) return;
    board.expectEnd(order.id);
    await act(order, button, "cancel", answer);
  },
  missing: async (order, line, button) => {
    const wish = await askMissing(base, order, line);
    if (wish) await act(order, button, wish.path, wish.body);
  },
  dismiss: (order) => {
    board.dismiss(order.id);
    paint();
  },
};

/** Orders that the platform says nobody has looked at: the bell is louder for them. */
const unseen = new Set();

// Who comes for it ---------------------------------------------------------------------------

const approach = new Map();

/** Asked only while somebody is on his way here. */
async function lookForDrivers() {
  if (document.hidden || !board.awaitsDriver) return;
  const found = await api.get(`${base}approaching/`).catch(() => null);
  if (!found) return;
  approach.clear();
  found.results.forEach((row) => approach.set(row.order_id, row));
  paintDrivers();
}

function paintDrivers() {
  for (const element of $$("[data-approach]", root)) {
    element.textContent = approachText(approach.get(element.dataset.approach)) || element.dataset.else;
    element.classList.toggle("here", Boolean(approach.get(element.dataset.approach)?.at_the_door));
  }
}

// Staying in step --------------------------------------------------------------------------

async function runningOrders() {
  const asked_at = performance.now();
  const orders = [];
  let page = await api.get(`${base}orders/`, { params: { state: "active", limit: 100 } });
  orders.push(...page.results);
  while (page.next) {
    page = await api.get(page.next);
    orders.push(...page.results);
  }
  return { type: "snapshot", orders, asked_at };
}

/** Orders that left the board while nobody was listening: tell how they ended instead of dropping them. */
async function explainMissing(ids) {
  const { results } = await api.get(`${base}orders/`, { params: { state: "past", limit: 100 } });
  const ended = results.filter((order) => ids.includes(order.id));
  ended.forEach((order) => board.apply(order));
  ids.filter((id) => !ended.some((order) => order.id === id)).forEach((id) => board.dismiss(id));
  paint();
}

const NEWS = { OrderPlaced: "New order", ticket_opened: "New order", ticket_unseen: "Nobody has seen order", kitchen_late: "Running late:" };

async function onFrame(frame) {
  if (frame.type === "order") {
    const news = NEWS[frame.event];
    if (news) alarm.notify(`${news} ${frame.order.number}`, name);
    board.apply(frame.order);
  }
  if (frame.type === "notice" && frame.kind === "ticket_unseen") unseen.add(frame.order_id);
  if (frame.type !== "snapshot") return paint();
  const missing = board.snapshot(frame.orders, frame.asked_at);
  paint();
  if (missing.length) await explainMissing(missing).catch(() => null);
}

const DOT = {
  live: "Live",
  connecting: "Connecting",
  polling: "Checking",
  lost: "Offline",
  refused: "Signed out",
};
const showBar = liveBar($("#live-bar"));

const live = new Live({
  path: `/ws/restaurants/${restaurantId}/`,
  poll: runningOrders,
  onFrame,
  gapIn: (frame) => frame.type === "order" && board.missesTicketBefore(frame.order),
  onState: (state) => {
    showBar(state);
    const dot = $("#live-dot");
    dot.dataset.state = state;
    replace(dot, h("span", {}, DOT[state]));
  },
  resync_ms: 30_000,
});

async function start() {
  buildColumns();
  setInterval(tick, 500);
  document.addEventListener("visibilitychange", lookAgain);
  $("#sound").addEventListener("click", async () => {
    await alarm.turnOn();
    $("#sound").replaceWith(h("span", { class: "badge good" }, icon("bell"), "Sound is on"));
    alarm.ring(false);
    paint();
    toast("New orders will ring until somebody answers.", { kind: "good" });
  });
  startSoldOut({ base });
  startToday(base);
  setInterval(lookForDrivers, DRIVERS_EVERY_MS);
  startKitchenState({ base, slug, mayClose: root.dataset.role !== "kitchen" });
  try {
    await onFrame(await runningOrders());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (!error.noAnswer) {
      replace(
        root,
        errorState(error, () => location.reload()),
      );
      return;
    }
  }
  live.start();
}

start();
