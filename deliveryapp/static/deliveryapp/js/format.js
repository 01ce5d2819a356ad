// Numbers, money and time as people read them. Money is {"amount_minor": 1299, "currency": "EUR"}.

const locale = navigator.language || "en";
const moneyFormats = new Map();

function moneyFormat(currency) {
  if (!moneyFormats.has(currency)) {
    const style = new Intl.NumberFormat(locale, { style: "currency", currency });
    moneyFormats.set(currency, { style, minor: 10 ** style.resolvedOptions().maximumFractionDigits });
  }
  return moneyFormats.get(currency);
}

export function money(value) {
  if (!value) return "";
  const { style, minor } = moneyFormat(value.currency);
  return style.format(value.amount_minor / minor);
}

export const minor = (amount_minor, currency) => money({ amount_minor, currency });

/** "+€1.50", "−€0.50", "" for nothing. */
export function priceDelta(value) {
  if (!value || value.amount_minor === 0) return "";
  return `${value.amount_minor > 0 ? "+" : ""}${money(value)}`;
}

export function distance(distance_m) {
  if (distance_m === null || distance_m === undefined) return "";
  const short = distance_m < 950;
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: short ? "meter" : "kilometer",
    maximumFractionDigits: short ? 0 : 1,
  }).format(short ? Math.max(10, Math.round(distance_m / 10) * 10) : distance_m / 1000);
}

export const minutesRange = (range) => (range ? `${range.from}–${range.to} min` : "");

const hourMinute = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
const dayShort = new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", month: "short" });
const weekday = new Intl.DateTimeFormat(locale, { weekday: "long" });

export const clock = (at) => (at ? hourMinute.format(new Date(at)) : "");
export const day = (at) => (at ? dayShort.format(new Date(at)) : "");
export const dayAndClock = (at) => (at ? `${day(at)}, ${clock(at)}` : "");

/** A chosen time as the restaurant's own clock shows it: "Tue 5 May, 19:30". */
export const slotTime = (at, timeZone) =>
  new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "numeric",
    minute: "2-digit",
    timeZone,
  }).format(new Date(at));

export const slotClock = (at, timeZone) =>
  new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", timeZone }).format(new Date(at));

export const slotDay = (at, timeZone) =>
  new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "short", timeZone }).format(
    new Date(at),
  );

const daysFromToday = (at) =>
  Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 864e5);

/** "Opens 10:30", "Opens tomorrow 10:30", "Opens Friday 10:30". */
export function opens(at) {
  if (!at) return "Closed";
  const days = daysFromToday(at);
  if (days <= 0) return `Opens ${clock(at)}`;
  return `Opens ${days === 1 ? "tomorrow" : weekday.format(new Date(at))} ${clock(at)}`;
}

/** "a moment ago", "a minute ago", "4 minutes ago". */
export function ago(at, now_ms) {
  const minutes = Math.round((now_ms - Date.parse(at)) / 60_000);
  if (minutes < 1) return "a moment ago";
  return minutes === 1 ? "a minute ago" : `${minutes} minutes ago`;
}

/** Arrival as a range of clock times: "18:20–18:35", "6:20 – 6:35 PM". */
export const clockRange = (from, to) => hourMinute.formatRange(new Date(from), new Date(to));

/** Seconds as "4:05"; never below zero. */
export function countdown(seconds) {
  const s = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

export const rating = (value) =>
  new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

export const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1).replaceAll("_", " ") : "");
