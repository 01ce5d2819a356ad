// Something of the order is missing: what the kitchen proposes instead, with the customer's three answers, and what was taken off.

import { ApiError, api, serverNow_ms } from "../../deliveryapp/js/api.js";
import { $$, busy, h, icon } from "../../deliveryapp/js/dom.js";
import { countdown, money } from "../../deliveryapp/js/format.js";
import { confirmDialog, explain, toast } from "../../deliveryapp/js/ui.js";

const SAID = {
  accept: "Done. The kitchen makes it instead.",
  remove: "It is taken off your order.",
  cancel: "Your order is cancelled.",
};

const pieces = ({ quantity, name }) => `${quantity} × ${name}`;
const withOptions = (swap) => (swap.options.length ? `${pieces(swap)} (${swap.options.join(", ")})` : pieces(swap));

/** One card for each question that waits; an empty list mostly. */
export function swapCards(order, onAnswered) {
  const open = (order.amendments ?? []).filter(({ state }) => state === "proposed");
  return open.map((asked) => swapCard(order, asked, onAnswered));
}

function swapCard(order, asked, onAnswered) {
  const say = (answer) => (event) => busy(event.currentTarget, () => send(order, asked, answer, onAnswered));
  const button = (answer, kind, text) =>
    h("button", { type: "button", class: `button ${kind}`, onclick: say(answer) }, text);
  const without = asked.total_if_removed;
  return h(
    "section",
    { class: "swap notice warn", "aria-label": `${asked.name} is missing` },
    icon("alert"),
    h(
      "div",
      { class: "stack-s grow" },
      h("p", { class: "strong" }, `The kitchen has run out of ${pieces(asked)}`),
      h("p", {}, `It offers ${withOptions(asked.swap)} for ${money(asked.swap.total)} instead.`),
      asked.swap.note && h("p", { class: "small" }, `“${asked.swap.note}”`),
      h(
        "p",
        { class: "small" },
        without ? "Without an answer it is taken off in " : "Without an answer the order ends in ",
        h("span", { class: "numbers left", role: "timer", dataset: { deadline: asked.expires_at } }),
        ".",
      ),
      h(
        "div",
        { class: "row-wrap" },
        button("accept", "primary", `Take it · ${money(asked.total_if_accepted)} in all`),
        without && button("remove", "", `Leave it out · ${money(without)}`),
        button("cancel", "ghost", "Cancel the order"),
      ),
    ),
  );
}

async function send(order, asked, answer, onAnswered) {
  if (answer === "cancel") {
    const sure = await confirmDialog({
      title: "Cancel this order?",
      text: "It costs you nothing: the kitchen does not have what you ordered.",
      confirm: "Cancel order",
      cancel: "Go back",
      danger: true,
    });
    if (!sure) return;
  }
  try {
    await api.post(`orders/${order.id}/amendments/${asked.id}/answer/`, { answer });
    toast(SAID[answer], { kind: "good" });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    explain(error);
  }
  await onAnswered();
}

const SETTLED = {
  accepted: (row) => `${pieces(row)} replaced by ${pieces(row.swap)}`,
  removed: (row) => `${pieces(row)} was not there and is taken off`,
  expired: (row) => `${pieces(row)} was not there and is taken off`,
};

/** What the kitchen could not make, under the lines of the receipt; null when all is there. */
export function amendedLines({ amendments = [] }) {
  const settled = amendments.filter(({ state }) => SETTLED[state]);
  if (!settled.length) return null;
  return h(
    "ul",
    { class: "stack-s amended" },
    settled.map((row) =>
      h(
        "li",
        { class: "row-between small muted" },
        h("span", {}, SETTLED[row.state](row)),
        h("span", { class: "numbers" }, row.state === "accepted" ? "" : `−${money(row.amount)}`),
      ),
    ),
  );
}

/** Counts every deadline on the page down; call it twice a second. */
export function tickDeadlines() {
  for (const element of $$(".swap [data-deadline]"))
    element.textContent = countdown((Date.parse(element.dataset.deadline) - serverNow_ms()) / 1000);
}
