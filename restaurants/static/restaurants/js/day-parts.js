// When a part of the menu is served, in words. Windows are wall times of the restaurant, weekdays from 0 (Monday).

import { opens } from "../../deliveryapp/js/format.js";

const monday_ms = Date.UTC(2024, 0, 1);
const names = new Intl.DateTimeFormat(navigator.language || "en", { weekday: "short", timeZone: "UTC" });
export const WEEKDAYS = [...Array(7).keys()].map((day) => names.format(monday_ms + day * 864e5));

/** "From 11:00", "From tomorrow 11:00"; "Not now" when nobody knows. */
export const servedFrom = (at) => (at ? opens(at).replace("Opens", "From") : "Not now");

/** "Served Mon–Fri 10:30–15:00"; "" for always. */
export function windowsText(windows) {
  const parts = windows.map(({ weekdays, starts, ends }) => `${daysText(weekdays)} ${starts}–${ends}`.trim());
  return parts.length > 0 ? `Served ${parts.join(", ")}` : "";
}

function daysText(days) {
  if (days.length === 7) return "";
  const runs = [];
  for (const day of days) {
    const last = runs.at(-1);
    if (last && last.at(-1) === day - 1) last.push(day);
    else runs.push([day]);
  }
  return runs
    .map((run) =>
      run.length > 2
        ? `${WEEKDAYS[run[0]]}–${WEEKDAYS[run.at(-1)]}`
        : run.map((day) => WEEKDAYS[day]).join(", "),
    )
    .join(", ");
}
