// An order's money after it was placed: the tip, and what went back.

import { ApiError, api } from "../../deliveryapp/js/api.js";
import { busy, h, icon, replace } from "../../deliveryapp/js/dom.js";
import { minor, money, sentence } from "../../deliveryapp/js/format.js";
import { explain, openDialog, toast } from "../../deliveryapp/js/ui.js";

const TIPS_MINOR = [0, 100, 200, 300, 500];
const TIP_WINDOW_MS = 48 * 3_600_000;
const OPEN = new Set(["placed", "confirmed", "preparing", "ready", "picked_up"]);
const CHARGED = new Set(["captured", "partially_refunded", "refunded"]);

export const isCharged = (order) => CHARGED.has(order.payment.status);

export function tipCanChange(order) {
  const delivered = order.status === "delivered" && Date.now() - Date.parse(order.delivered_at);
  return OPEN.has(order.status) || (delivered !== false && delivered < TIP_WINDOW_MS);
}

/** The card that thanks the driver; null when it is too late. */
export function tipCard(order, receipt, onDone) {
  if (!tipCanChange(order)) return null;
  const tip = receipt?.tip_now ?? order.tip;
  const text = tip.amount_minor ? `${money(tip)} for the driver` : "No tip yet";
  return h(
    "section",
    { class: "card row-between", id: "tip" },
    h("div", {}, h("h3", {}, "Tip"), h("p", { class: "muted small" }, `${text}. All of it is the driver's.`)),
    h(
      "button",
      { type: "button", class: "button", onclick: () => chooseTip(order, tip, onDone) },
      tip.amount_minor ? "Change" : "Add a tip",
    ),
  );
}

async function chooseTip(order, tip, onDone) {
  const { currency } = tip;
  let chosen = tip.amount_minor;
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Tip for the driver" });
  const save = h("button", { type: "button", class: "button primary" }, "Save");
  const offered = [...new Set([...TIPS_MINOR, tip.amount_minor])].sort((a, b) => a - b);
  const paint = () => {
    save.disabled = chosen === tip.amount_minor;
    replace(chips, ...offered.map(chip));
  };
  const chip = (amount) =>
    h(
      "button",
      {
        type: "button",
        class: "chip",
        "aria-pressed": String(amount === chosen),
        onclick: () => {
          chosen = amount;
          paint();
        },
      },
      amount ? minor(amount, currency) : "No tip",
    );
  paint();
  const opened = openDialog({ title: "Tip for the driver", body: chips, foot: save });
  save.addEventListener("click", () =>
    busy(save, async () => {
      try {
        await api.put(`orders/${order.id}/tip/`, { tip_minor: chosen });
        opened.close(true);
        toast("Your tip is saved. Thank you.", { kind: "good" });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        explain(error);
      }
      await onDone();
    }),
  );
  await opened.closed;
}

/** One line per refund; null when nothing went back. */
export function refundLines(receipt) {
  if (!receipt?.refunds.length) return null;
  return h(
    "ul",
    { class: "stack-s refunds" },
    receipt.refunds.map((refund) =>
      h(
        "li",
        { class: "row-between small" },
        h("span", { class: "muted" }, icon("shield"), ` ${refundText(refund)}`),
        h("span", { class: "numbers" }, `−${money(refund.amount)}`),
      ),
    ),
  );
}

function refundText({ status, destination, reason }) {
  const where = destination === "credit" ? "Credit for your next order" : "Refund to your card";
  const how = { pending: "on its way", failed: "did not go through; we look into it" }[status];
  return [how ? `${where} (${how})` : where, reason && sentence(reason)].filter(Boolean).join(": ");
}
