// Checkout: address, note, tip, payment, the server's price, and one order however often the button is pressed.

import { chooseAddress } from "../../deliveryapp/js/address-dialog.js";
import { cart } from "../../deliveryapp/js/cart.js";
import { cartLine } from "../../deliveryapp/js/cart-view.js";
import { $, busy, debounce, h, replace } from "../../deliveryapp/js/dom.js";
import { minor, money } from "../../deliveryapp/js/format.js";
import { place } from "../../deliveryapp/js/place.js";
import { etaText, fetchQuote, orderBody, sumLines } from "../../deliveryapp/js/quote.js";
import { refusalNotice } from "../../deliveryapp/js/refusals.js";
import { emptyState, skeletonLines } from "../../deliveryapp/js/ui.js";
import { forgetAttempt, isFresh, pendingAttempt, placeOrder } from "./attempt.js";
import { CreditChoice } from "./credit.js";
import { PaymentChoice, testBadge } from "./payment.js";
import { placeRow } from "./place-row.js";
import { isPromotionRefusal, PromotionCode } from "./promotion-code.js";
import { changedNotice } from "./quote-changed.js";
import { slotFullNotice, WhenChoice, whenRow } from "./when.js";
import {
  askingNotice,
  cardFormNotice,
  declinedNotice,
  duplicateNotice,
  noAnswerNotice,
  unavailableNotice,
} from "./refusals.js";

const TIPS_MINOR = [0, 100, 200, 300, 500];
const root = $("#checkout");
const choice = { tip_minor: 0, note: "", scheduled_for: null };
const parts = {};
let quote = null;
let quoting = new AbortController();

function card(title, ...children) {
  return h("section", { class: "card stack" }, h("h2", {}, title), ...children);
}

function build() {
  parts.place = h("div");
  parts.lines = h("ul");
  parts.tips = h("div", { class: "chips", role: "group", "aria-label": "Tip for the driver" });
  parts.price = h("div", { class: "stack", "aria-live": "polite" }, skeletonLines(4));
  parts.notice = h("div", { class: "stack", role: "alert" });
  parts.declined = h("div", { role: "alert" });
  parts.button = h(
    "button",
    { type: "button", class: "button primary tall wide", onclick: submit },
    "Place order",
  );
  parts.credit = new CreditChoice({ onChange: showPrice });
  parts.credit.load(cart.restaurant.currency);
  parts.code = new PromotionCode({ onChange: requote });
  parts.when = new WhenChoice({ onPick: pickTime });
  parts.payment = new PaymentChoice({ onPick: () => replace(parts.declined) });
  const note = h("textarea", {
    id: "note",
    maxlength: 300,
    placeholder: "Ring the bell twice, leave it at the door…",
  });
  note.addEventListener("input", () => {
    choice.note = note.value.trim();
  });
  replace(
    root,
    h(
      "div",
      { class: "checkout" },
      h(
        "div",
        {},
        card(
          "Deliver to",
          parts.place,
          h("div", { class: "field note" }, h("label", { for: "note" }, "Note"), note),
        ),
        card("When", parts.when.element),
        card(
          "Tip for the driver",
          h("p", { class: "muted small" }, "All of it goes to the person who rides."),
          parts.tips,
        ),
        h(
          "section",
          { class: "card stack", id: "payment" },
          h(
            "div",
            { class: "spread" },
            h("h2", { class: "with-badge" }, "Pay with", testBadge()),
            h("a", { class: "small", href: "/account/payment-methods/", "aria-label": "Manage saved cards" }, "Manage"),
          ),
          parts.declined,
          parts.credit.element,
          parts.payment.element,
        ),
      ),
      h(
        "aside",
        {},
        h(
          "section",
          { class: "card stack" },
          h(
            "div",
            { class: "spread" },
            h("h2", {}, "Your order"),
            h("a", { class: "small", href: `/restaurants/${cart.restaurant.slug}/` }, cart.restaurant.name),
          ),
          parts.lines,
          parts.code.element,
          parts.price,
          parts.notice,
          parts.button,
          h(
            "p",
            { class: "muted tiny" },
            "Your card is only charged when the food is picked up. Until then you can cancel free of charge.",
          ),
        ),
      ),
    ),
  );
}

function paint() {
  if (!cart.count) {
    replace(
      root,
      emptyState({
        figure: "bag",
        title: "Your cart is empty",
        text: "Choose a restaurant and fill it.",
        action: h("a", { class: "button primary", href: "/" }, "See restaurants"),
      }),
    );
    return;
  }
  if (!parts.button?.isConnected) build();
  const { currency } = cart.restaurant;
  paintLines();
  replace(parts.place, placeRow(place.current));
  replace(
    parts.tips,
    TIPS_MINOR.map((amount) => tipChip(amount, currency)),
  );
}

/** With the server's prices, where they are there: the cart remembers those of when a dish was chosen. */
function paintLines() {
  const priced = (line, n) => {
    const now = quote?.lines[n];
    const isSame = now?.item_id === line.item_id && now.quantity === line.quantity;
    return isSame ? { ...line, unit_price_minor: now.total.amount_minor / now.quantity } : line;
  };
  replace(
    parts.lines,
    cart.lines.map((line, n) => cartLine(priced(line, n), cart.restaurant.currency)),
  );
}

function tipChip(amount, currency) {
  return h(
    "button",
    {
      type: "button",
      class: "chip",
      "aria-pressed": String(choice.tip_minor === amount),
      onclick: () => {
        choice.tip_minor = amount;
        paint();
        requote();
      },
    },
    amount ? minor(amount, currency) : "No tip",
  );
}

function pickTime() {
  choice.scheduled_for = parts.when.value;
  replace(parts.notice);
  requote();
}

/** Which times are free depends on the kitchen and the door. */
function askTimes() {
  if (cart.count && place.current) parts.when.load(cart.restaurant.id, place.current);
}

function refusal(error) {
  if (error.code !== "slot_full") return refusalNotice(error, { again: requote });
  return slotFullNotice(error, { choose: (at) => parts.when.choose(at) });
}

const wish = () => ({ ...choice, promotion_code: parts.code.value });

async function requote() {
  quoting.abort();
  quote = null;
  if (!cart.count || !place.current) {
    if (cart.count) replace(parts.price, h("p", { class: "muted" }, "Choose an address to see the total."));
    setButton();
    return;
  }
  quoting = new AbortController();
  setButton();
  try {
    quote = await fetchQuote({ cart, address: place.current, ...wish() }, { signal: quoting.signal });
    parts.code.priced(quote);
    if (quote.subtotal.amount_minor !== cart.estimate_minor) paintLines();
    parts.payment.priced(quote.total);
    showPrice();
    setButton();
  } catch (error) {
    if (error.name !== "ApiError") throw error;
    if (error.code === "aborted") return;
    if (isPromotionRefusal(error)) {
      parts.code.refuse(error.body);
      requote();
      return;
    }
    replace(parts.price, refusal(error));
    if (error.code === "slot_full" || error.code === "restaurant_closed") askTimes();
  }
}

function showPrice() {
  if (!quote) return;
  replace(
    parts.price,
    sumLines(quote),
    parts.credit.split(quote.total),
    whenRow(quote.scheduled_for ? `Arrives around ${parts.when.text}` : `Arrives in about ${etaText(quote)}`),
    quote.busy_minutes > 0 &&
      h("p", { class: "muted small" }, `The kitchen is busy: ${quote.busy_minutes} minutes more than usual.`),
  );
}

function setButton() {
  parts.button.setAttribute("aria-disabled", String(!quote));
  parts.button.textContent = quote ? `Place order · ${money(quote.total)}` : "Place order";
}

async function submit() {
  if (!place.current) {
    await chooseAddress();
    return;
  }
  if (!quote) return;
  const { quote_token } = quote;
  await busy(parts.button, async () => {
    try {
      const method = await parts.payment.method();
      const use_credit = parts.credit.isUsed;
      const asked = { cart, address: place.current, ...wish(), ...method, use_credit, quote_token };
      await order(orderBody(asked));
    } catch (error) {
      if (error.name !== "CardFormError") throw error;
      replace(parts.declined, cardFormNotice(error));
    }
  });
}

const send = (body) => busy(parts.button, () => order(body));

async function order(body) {
  replace(parts.notice);
  replace(parts.declined);
  try {
    const onWait = () => replace(parts.notice, askingNotice());
    finish(await placeOrder(body, { onWait }));
  } catch (error) {
    if (error.name !== "ApiError") throw error;
    if (pendingAttempt()) replace(parts.notice, noAnswerNotice({ again: () => send(body) }));
    else refused(error, body);
  }
}

function refused(error, body) {
  if (error.code === "duplicate_order") {
    replace(
      parts.notice,
      duplicateNotice(error, { again: () => send({ ...body, allow_duplicate: true }) }),
    );
    return;
  }
  if (error.code === "payment_declined") {
    replace(parts.declined, declinedNotice(error));
    $("#payment").scrollIntoView({ block: "start", behavior: "smooth" });
    return;
  }
  if (error.code === "payment_unavailable") {
    replace(parts.notice, unavailableNotice(error, { again: submit }));
    return;
  }
  if (error.code === "quote_changed" || error.code === "quote_expired") {
    changed(error, body);
    return;
  }
  replace(parts.notice, refusal(error));
  // The menu, the hours or the prices moved under the customer: show the new price before they decide again.
  if (error.code === "slot_full") askTimes();
  else if (error.status === 409) requote();
}

/** An old quote that still holds is renewed unseen; whatever is different is for the customer to agree to. */
function changed(error, body) {
  const accept = (quote_token) => send({ ...body, quote_token });
  const { differences, quote_token } = error.body;
  if (!differences.length && quote_token) {
    accept(quote_token);
    return;
  }
  replace(parts.notice, changedNotice(error, { accept }));
  requote();
}

/** 201: placed. 202: the bank has the word, or the provider has not answered yet; the cart stays until the order is placed. */
function finish({ status, body: order }) {
  const action = order.payment?.next_action_url;
  if (status === 201) cart.clear();
  else sessionStorage.setItem("pending-order", order.id);
  location.assign(action ?? `/orders/${order.id}/`);
}

/** An attempt from before a reload or a crash that never heard an answer: settle it before anything else. */
async function settleOldAttempt() {
  const attempt = pendingAttempt();
  if (!attempt) return;
  if (!cart.count) {
    forgetAttempt();
    return;
  }
  if (isFresh(attempt)) await send(attempt.body);
  else
    replace(
      parts.notice,
      noAnswerNotice({
        again: () => send(attempt.body),
        forget: () => {
          forgetAttempt();
          replace(parts.notice);
        },
      }),
    );
}

paint();
requote();
askTimes();
settleOldAttempt();
const later = debounce(requote, 250);
/** What was said about the order belongs to the cart and the door it was said about. */
function takeBack() {
  if (parts.notice) replace(parts.notice);
}
cart.onChange(() => {
  takeBack();
  paint();
  later();
});
place.onChange(() => {
  takeBack();
  paint();
  requote();
  askTimes();
});
