// The driver's console: duty, offers, the delivery in hand, and the position that the rest of the platform lives on.

import { ApiError, api, serverNow_ms } from "../../deliveryapp/js/api.js";
import { $, $$, busy, replace } from "../../deliveryapp/js/dom.js";
import { countdown } from "../../deliveryapp/js/format.js";
import { Live, liveBar } from "../../deliveryapp/js/live.js";
import { errorState, explain, skeletonLines, toast } from "../../deliveryapp/js/ui.js";
import { chooseReason, DECLINE, GIVE_BACK, reportStep } from "./choose-reason.js";
import { ConsoleMap } from "./console-map.js";
import { deliveryPanel, offDuty, offerPanel, rideHint, waiting } from "./panel.js";
import { DevicePosition, MapRide, Outbox } from "./positions.js";
import { ringOffer, unlockSound } from "./ring.js";

const root = $("#console");
const panel = $("#panel");
const map = new ConsoleMap($("#console-map"));
const cityPace = Number(root.dataset.speed) || 1;
const LONGEST_RETRY_MS = 15_000;
const state = { me: null, offers: [], deliveries: [], at: null };
let source = null;
let drawn = "";

// Drawing ----------------------------------------------------------------------------------

const onDuty = () => state.me.status !== "offline";
const openOffers = () => state.offers.filter((offer) => Date.parse(offer.expires_at) > serverNow_ms());

function target() {
  const delivery = state.deliveries[0];
  if (!delivery) return null;
  return delivery.status === "picked_up"
    ? { ...delivery.dropoff, name: delivery.customer_first_name }
    : delivery.pickup;
}

function content() {
  const [delivery] = state.deliveries;
  const [offer] = openOffers();
  const ride = source instanceof MapRide && rideHint(target(), (to) => source.goTo(to));
  if (delivery) return [deliveryPanel(delivery, actions), ride];
  if (!onDuty()) return offDuty(state.me, actions);
  return [offer ? offerPanel(offer, actions) : waiting(state.me, actions), ride];
}

/** Redrawn only when something changed, so that no button is replaced under a finger. */
function paint() {
  const [delivery] = state.deliveries;
  const [offer] = openOffers();
  const version = JSON.stringify([
    state.me.status,
    delivery,
    delivery ? null : offer,
    source?.constructor.name,
  ]);
  if (version !== drawn) {
    drawn = version;
    replace(panel, content());
    $("#console-said").textContent = $("h1", panel).textContent;
  }
  map.show({ at: state.at, vehicle: state.me.vehicle, delivery, offer: delivery ? null : offer });
  ringOffer(!delivery && Boolean(offer));
  tick();
}

function tick() {
  for (const element of $$("[data-deadline]", panel)) {
    element.textContent = countdown((Date.parse(element.dataset.deadline) - serverNow_ms()) / 1000);
  }
  for (const bar of $$("[data-bar]", panel)) {
    const left_ms = Date.parse(bar.dataset.bar) - serverNow_ms();
    bar.dataset.span ??= String(Math.max(1, left_ms));
    bar.style.transform = `scaleX(${Math.min(1, Math.max(0, left_ms / Number(bar.dataset.span)))})`;
  }
  if (state.offers.length !== openOffers().length) {
    state.offers = openOffers();
    paint();
  }
}

// Staying in step --------------------------------------------------------------------------

async function everything() {
  const [me, offers, deliveries] = await Promise.all([
    api.get("driver/me/"),
    api.get("driver/offers/"),
    api.get("driver/deliveries/"),
  ]);
  return { type: "all", me, offers: offers.results, deliveries: deliveries.results };
}

async function refresh() {
  onFrame(await everything());
}

const refreshSoon = () =>
  refresh().catch((error) => {
    if (!(error instanceof ApiError)) throw error;
  });

function deliveryNews({ event }) {
  if (event === "cancelled")
    toast("The order was cancelled. You are free again.", { kind: "bad", stay_ms: 10_000 });
  if (event === "ready") toast("The food is ready.", { kind: "good" });
  refreshSoon();
}

/** The platform ended the shift itself: offers went unanswered. */
function endOfShift() {
  source?.stop();
  source = null;
  toast("You missed several offers, so you are off duty now. Go online again when you are ready.", {
    kind: "bad",
    stay_ms: 15_000,
  });
  refreshSoon();
}

const FRAMES = {
  all: ({ me, offers, deliveries }) => Object.assign(state, { me, offers, deliveries }),
  snapshot: ({ offers, deliveries }) => {
    state.offers = offers;
    outbox.flush();
    if (deliveries !== state.deliveries.length) refreshSoon();
  },
  offer: ({ offer }) => {
    state.offers = [...state.offers.filter(({ id }) => id !== offer.id), offer];
  },
  offer_gone: ({ offer_id: id }) => {
    state.offers = state.offers.filter((offer) => offer.id !== id);
  },
  delivery: deliveryNews,
  shift: endOfShift,
  ack: ({ seq }) => outbox.acknowledged(seq),
};

function onFrame(frame) {
  FRAMES[frame.type]?.(frame);
  if (state.me && frame.type !== "ack") paint();
}

const showBar = liveBar($("#live-bar"));
const DOT = {
  live: "On duty",
  connecting: "Connecting",
  polling: "Checking",
  lost: "Offline",
  refused: "Signed out",
};

const live = new Live({
  path: "/ws/driver/",
  poll: everything,
  onFrame,
  onState: (to) => {
    showBar(to);
    paintDot();
  },
  resync_ms: 20_000,
});
const outbox = new Outbox(live);

function paintDot() {
  const dot = $("#live-dot");
  const off = state.me && !onDuty();
  dot.dataset.state = off ? "off" : live.state;
  dot.textContent = off ? "Off duty" : (DOT[live.state] ?? "Connecting");
}

// Acting -----------------------------------------------------------------------------------

/** A driver in a dead zone must not have to press again: what got no answer is asked until it gets one. */
async function insist(call) {
  for (let wait_ms = 1000; ; wait_ms = Math.min(LONGEST_RETRY_MS, wait_ms * 2)) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ApiError) || !(error.noAnswer || error.status >= 500)) throw error;
      toast("No connection. This will be sent as soon as it is back.", { kind: "bad", stay_ms: wait_ms });
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
    }
  }
}

async function act(button, call) {
  await busy(button, async () => {
    try {
      await insist(call);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      explain(error);
    }
    await refresh().catch((error) => explain(error));
    paintDot();
  });
}

function moved(point) {
  state.at = point;
  localStorage.setItem("driver.at", JSON.stringify({ lat: point.lat, lng: point.lng }));
  outbox.push(point);
  map.show({ at: point, vehicle: state.me.vehicle });
}

function useSource(kind, at) {
  source?.stop();
  if (kind === "device") {
    source = new DevicePosition();
    source.start(moved, () =>
      toast("This device does not tell where it is. Ride on the map instead.", { kind: "bad" }),
    );
  } else {
    source = new MapRide({ at, vehicle: state.me.vehicle, cityPace });
    source.start(moved);
  }
  localStorage.setItem("driver.source", kind);
}

async function goOnline(kind) {
  unlockSound();
  const at = kind === "device" ? await map.deviceAt() : map.lastAt();
  if (!at) {
    toast("This device does not tell where it is. Ride on the map instead.", { kind: "bad" });
    return;
  }
  await act(panel, () => api.post("driver/online/", at));
  if (onDuty()) useSource(kind, at);
  drawn = "";
  paint();
}

const actions = {
  goOnline,
  goOffline: (button) =>
    act(button, async () => {
      await api.post("driver/offline/");
      source?.stop();
      source = null;
    }),
  accept: (offer, button) => act(button, () => api.post(`driver/offers/${offer.id}/accept/`)),
  decline: async (offer, button) => {
    const reason = await chooseReason(
      "Decline this delivery?",
      "It goes to another driver at once.",
      DECLINE,
    );
    if (reason) await act(button, () => api.post(`driver/offers/${offer.id}/decline/`, { reason }));
  },
  arrived: (delivery, at, button) =>
    act(button, () =>
      reportStep((extra) => api.post(`driver/deliveries/${delivery.order_id}/arrived/`, { at, ...extra })),
    ),
  pickedUp: (delivery, button) =>
    act(button, () =>
      reportStep((extra) => api.post(`driver/deliveries/${delivery.order_id}/picked-up/`, extra)),
    ),
  delivered: (delivery, button) =>
    act(button, async () => {
      await reportStep((extra) => api.post(`driver/deliveries/${delivery.order_id}/delivered/`, extra));
      toast("Delivered. Well ridden!", { kind: "good" });
    }),
  giveBack: async (delivery, button) => {
    const reason = await chooseReason(
      "Give this delivery back?",
      "Another driver is looked for. Nothing is held against you for an honest reason.",
      GIVE_BACK,
    );
    if (reason)
      await act(button, () => api.post(`driver/deliveries/${delivery.order_id}/release/`, { reason }));
  },
};

async function start() {
  replace(panel, skeletonLines(4));
  await map.start((point) => {
    if (source instanceof MapRide) source.goTo(point);
  });
  try {
    await refresh();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    replace(
      panel,
      errorState(error, () => location.reload()),
    );
    return;
  }
  // A reload in the middle of a shift goes on where it was.
  if (onDuty()) useSource(localStorage.getItem("driver.source") ?? "map", map.lastAt());
  drawn = "";
  paint();
  live.start();
  setInterval(tick, 500);
}

start();
