// The day so far in one line, by the restaurant's own clock.

import { api } from "../../deliveryapp/js/api.js";
import { $, h, replace } from "../../deliveryapp/js/dom.js";
import { money } from "../../deliveryapp/js/format.js";

const EVERY_MS = 60_000;

export function startToday(base) {
  const look = async () => {
    if (document.hidden) return;
    const today = await api.get(`${base}today/`).catch(() => null);
    if (today) show(today); // otherwise the line keeps what it said a minute ago
  };
  look();
  setInterval(look, EVERY_MS);
}

function show(today) {
  const prep = today.average_prep_minutes;
  const figures = [
    ["Orders today", today.orders],
    ["Revenue", money(today.revenue)],
    ["Cooking", prep === null ? "–" : `${prep} min`],
    ["Rejected", today.rejected],
    today.missed > 0 && ["Missed", today.missed],
  ].filter(Boolean);
  const line = $("#today");
  replace(line, figures.map(([name, value]) => h("span", {}, `${name} `, h("b", {}, String(value)))));
  line.hidden = false;
}
