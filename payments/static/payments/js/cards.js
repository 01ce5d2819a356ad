// The account's page of payment methods: the saved cards, adding one, removing one, which is offered first.

import { api } from "../../deliveryapp/js/api.js";
import { $, busy, h, icon, replace } from "../../deliveryapp/js/dom.js";
import { notice } from "../../deliveryapp/js/refusals.js";
import { confirmDialog, emptyState, explain, fill, openDialog, skeletonLines, toast } from "../../deliveryapp/js/ui.js";
import { cardEntry, mountSetupForm } from "./card-form.js";
import { cardExpiry, cardName, declineReason, savedCards } from "./saved-cards.js";

const list = $("#cards");
const said = $("#cards-said");
const addButton = $("#add-card");

function row(card) {
  return h(
    "li",
    { class: "saved-card" },
    h("span", { class: "figure" }, icon("card")),
    h(
      "div",
      { class: "grow" },
      h("p", { class: "strong" }, cardName(card), card.is_default && h("span", { class: "badge good" }, "Default")),
      h("p", { class: `small ${card.expired ? "wrong" : "muted"}` }, cardExpiry(card)),
    ),
    h(
      "div",
      { class: "row-wrap" },
      !card.is_default && action("Make default", card, () => makeDefault(card)),
      action("Remove", card, () => remove(card)),
    ),
  );
}

/** A button that names its card to those who do not see the row. */
function action(text, card, run) {
  const label = `${text}: ${cardName(card)}`;
  const button = h("button", { type: "button", class: "button small", "aria-label": label }, text);
  button.addEventListener("click", () => busy(button, () => tried(run)));
  return button;
}

async function tried(run) {
  try {
    await run();
  } catch (error) {
    if (error.name !== "ApiError") throw error;
    explain(error);
    if (error.status === 404) await show();
  }
}

function content(cards) {
  if (cards.length)
    return h(
      "ul",
      { class: "saved-cards card" },
      cards.map((card) => row(card)),
    );
  return emptyState({
    figure: "card",
    title: "No cards yet",
    text: "Save a card once, and pay with one tap from then on.",
  });
}

async function show() {
  await fill(list, { load: savedCards, show: content, wait: skeletonLines(4) });
}

async function makeDefault(card) {
  await api.post(`cards/${card.id}/default/`);
  toast(`${cardName(card)} is offered first now.`, { kind: "good" });
  await show();
}

async function remove(card) {
  const sure = await confirmDialog({
    title: "Remove this card?",
    text: `${cardName(card)} will no longer be offered. Orders you have placed with it are not affected.`,
    confirm: "Remove card",
    cancel: "Keep it",
    danger: true,
  });
  if (!sure) return;
  await api.delete(`cards/${card.id}/`);
  toast(`${cardName(card)} is removed.`, { kind: "good" });
  await show();
}

async function add() {
  replace(said);
  const setup = await api.post("cards/setups/");
  if (setup.page_url) location.assign(setup.page_url);
  else await addByForm(setup);
}

/** Stripe's form in a dialog; it stays open until the card is saved or the customer gives up. */
async function addByForm(setup) {
  const host = h("div", { class: "card-form", "aria-busy": "true" }, skeletonLines(5));
  const wrong = h("div", { role: "alert" });
  const save = h("button", { type: "button", class: "button primary", disabled: true }, "Save card");
  const opened = openDialog({
    title: "Add a card",
    body: h("div", { class: "stack" }, host, wrong),
    foot: save,
  });
  const failed = (error) => {
    if (error.name !== "CardFormError") throw error;
    replace(wrong, notice("bad", "alert", "That did not work.", error.message));
  };
  try {
    const form = await mountSetupForm(host, { clientSecret: setup.client_secret });
    save.disabled = false;
    save.addEventListener("click", () =>
      busy(save, async () => {
        replace(wrong);
        await form.save(location.origin + location.pathname).then(() => opened.close(true), failed);
      }),
    );
  } catch (error) {
    replace(host);
    failed(error);
  } finally {
    host.removeAttribute("aria-busy");
  }
  if (await opened.closed) await finish(setup.id);
}

/** Has the server look what became of it at the provider, and says so. */
async function finish(setupId) {
  try {
    const { status, card, next_action_url } = await api.post(`cards/setups/${setupId}/confirm/`);
    replace(said, outcome(status, card, next_action_url));
  } catch (error) {
    if (error.name !== "ApiError") throw error;
    const text = error.code === "card_declined" ? declineReason(error.body.decline_code) : error.detail;
    replace(said, notice("bad", "card", "The card was not saved.", text));
  }
  await show();
}

function outcome(status, card, nextUrl) {
  if (card) return notice("good", "check", `${cardName(card)} is saved.`, "Choose it at the next checkout.");
  if (status === "requires_action") {
    const goOn = h("a", { class: "button small", href: nextUrl }, "Continue with your bank");
    return notice("warn", "shield", "Your bank has a question.", "The card is saved once you have answered.", goOn);
  }
  if (status === "processing")
    return notice("info", "clock", "Your bank is still at it.", "The card will show up here when it is done.");
  if (status === "succeeded") return null; // saved, and removed since
  return notice("warn", "info", "No card was saved.", "You left before the card was chosen.");
}

/** The provider's page, or the bank's, has led back here. */
async function comeBack() {
  const setupId = new URLSearchParams(location.search).get("setup_intent");
  if (!setupId) return show();
  history.replaceState(null, "", location.pathname);
  list.setAttribute("aria-busy", "true");
  replace(list, skeletonLines(4));
  return finish(setupId);
}

addButton?.addEventListener("click", () => busy(addButton, () => tried(add)));
if (cardEntry === "nowhere")
  replace(
    said,
    notice("info", "info", "New cards cannot be added right now.", "The payment provider is not fully set up."),
  );
comeBack();
