// One order on its way: the socket tells what changes, the API tells the whole, the map shows where.

import { ApiError, api } from "../../deliveryapp/js/api.js";
import { cart } from "../../deliveryapp/js/cart.js";
import { $, busy, replace } from "../../deliveryapp/js/dom.js";
import { money } from "../../deliveryapp/js/format.js";
import { newId } from "../../deliveryapp/js/ids.js";
import { Live, liveBar } from "../../deliveryapp/js/live.js";
import { confirmDialog, errorState, explain, skeletonLines, toast } from "../../deliveryapp/js/ui.js";
import { OrderMap } from "./order-map.js";
import { isCharged } from "./order-money.js";
import { head, steps, summary } from "./order-view.js";
import { tickDeadlines } from "./swap.js";
import { FINAL, RESTAURANTS_FAULT } from "./words.js";

const id = location.pathname.split("/").filter(Boolean).at(-1);
const PAYMENT_POLL_MS = 1500;
const AMENDS_TRIES = 6;
const TICK_MS = 500;
const cancelKey = newId(); // pressed again after a lost answer, it is the same cancelling
const map = new OrderMap($("#order-map"));
let order = null;
let receipt = null;
let offered = null;
let live = null;
/** What only the tracking side knows: driver, eta, and the highest sequence numbers seen, the order's and the ride's. */
const track = { driver: null, eta: null, seq: 0, driver_seq: 0 };

const load = () => api.get(`orders/${id}/`);

function paint() {
  paintHead();
  replace($("#order-steps"), steps(order));
  const open = $("#order-summary details")?.open ?? false;
  replace($("#order-summary"), summary(order, { onCancel: cancel, onMoney: refresh, open, receipt }));
  $("#order-steps").hidden = false;
  document.title = `${order.number} · Doorstep`;
  map.show(order, track);
}

/** A screen reader hears the headline when it changes, not each time the map moves. */
function paintHead() {
  replace($("#order-head"), head(order, track, offered, refresh));
  tickDeadlines();
  const said = $("#order-head h1").textContent;
  if ($("#order-said").textContent !== said) $("#order-said").textContent = said;
}

/** Fetches the order; an older answer that arrives late never replaces a newer one. */
let asked = 0;
async function refresh() {
  const mine = ++asked;
  try {
    const fresh = await load();
    if (mine !== asked) return;
    order = fresh;
    receipt = isCharged(order) ? await api.get(`orders/${id}/receipt/`) : null;
    if (RESTAURANTS_FAULT.has(order.cancel_reason)) offered = await alternatives();
    if (mine !== asked) return;
    emptyCartIfPlaced();
    paint();
    if (FINAL.has(order.status)) live?.stop();
    else if (order.status === "created") setTimeout(refresh, PAYMENT_POLL_MS);
    if (awaitsAmends()) setTimeout(refresh, PAYMENT_POLL_MS);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (!order) throw error;
    // The page keeps showing what it has; the connection bar says what is wrong.
  }
}

/** The credit follows the restaurant's no within moments; after some tries the page stops asking. */
let amendsAsked = 0;
const awaitsAmends = () =>
  RESTAURANTS_FAULT.has(order.cancel_reason) && !order.goodwill && ++amendsAsked <= AMENDS_TRIES;

const alternatives = async () => (await api.get(`orders/${id}/alternatives/`)).results;

/** The cart waits for a payment that was still open at the checkout. */
function emptyCartIfPlaced() {
  if (sessionStorage.getItem("pending-order") !== id || order.status === "created") return;
  sessionStorage.removeItem("pending-order");
  if (order.status !== "failed") cart.clear();
}

function cancelText() {
  if (!isCharged(order) && order.status !== "picked_up")
    return `${order.restaurant.name} is told at once, and the reservation on your card is released.`;
  return `Your food is on its way, so ${money(order.cancel_refund)} of ${money(order.total)} go back to you. The driver keeps the food and is paid.`;
}

async function cancel(event) {
  const button = event.currentTarget;
  const sure = await confirmDialog({
    title: "Cancel this order?",
    text: cancelText(),
    confirm: "Cancel order",
    cancel: "Keep it",
    danger: true,
  });
  if (!sure) return;
  await busy(button, async () => {
    try {
      const headers = { "Idempotency-Key": cancelKey };
      order = await api.post(`orders/${id}/cancel/`, { reason: "changed_mind" }, { headers });
      toast("Your order is cancelled.", { kind: "good" });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      explain(error);
    }
    await refresh();
  });
}

function takeSnapshot(frame) {
  Object.assign(track, { driver: frame.driver, eta: frame.eta, seq: frame.seq });
  if (frame.order.status !== order.status) refresh();
  else paint();
}

const FRAMES = {
  snapshot: takeSnapshot,
  status: (frame) => {
    if (frame.seq <= track.seq) return;
    Object.assign(track, { seq: frame.seq, eta: frame.eta ?? track.eta });
    refresh();
  },
  notice: () => refresh(),
  driver: (frame) => {
    if (frame.seq < track.driver_seq) return;
    if (order.attention?.length) refresh();
    Object.assign(track, { driver: frame.driver, driver_seq: frame.seq });
    paint();
  },
  position: ({ lat, lng, heading, at, eta }) => {
    // A position of nobody we know: the frame that introduced the driver was missed.
    if (!track.driver) {
      live.resync();
      return;
    }
    track.driver = { ...track.driver, position: { lat, lng, heading, at, stale: false } };
    if (eta) track.eta = eta;
    map.show(order, track);
    paintHead();
  },
};

function watch() {
  const bar = liveBar($("#live-bar"));
  live = new Live({
    path: `/ws/orders/${id}/`,
    poll: async () => ({ type: "snapshot", ...(await api.get(`orders/${id}/tracking/`)) }),
    onFrame: (frame) => FRAMES[frame.type]?.(frame),
    gapIn: (frame) => frame.type === "status" && frame.seq > track.seq + 1,
    onState: bar,
    resync_ms: 45_000,
  }).start();
}

async function start() {
  replace($("#order-head"), skeletonLines(4));
  try {
    await refresh();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    $("#order").hidden = true;
    replace($("#order-problem"), errorState(error, error.status === 404 ? null : () => location.reload()));
    return;
  }
  if (!FINAL.has(order.status)) watch();
  setInterval(tickDeadlines, TICK_MS);
}

start();
