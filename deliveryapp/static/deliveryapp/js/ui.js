// Toasts, dialogs and the states a list can be in: waiting, empty, failed.

import { $, h, icon, replace } from "./dom.js";
import { newId } from "./ids.js";

const ICONS = { good: "check", bad: "alert", info: "info" };

/** A short message at the foot of the screen; `action` is {label, run}. */
export function toast(text, { kind = "info", action = null, stay_ms = 5000 } = {}) {
  const box = toastBox();
  const item = h("div", { class: `toast ${kind}` }, icon(ICONS[kind]), h("span", { class: "grow" }, text));
  const remove = () => item.remove();
  if (action)
    item.append(
      h(
        "button",
        {
          type: "button",
          onclick: () => {
            remove();
            action.run();
          },
        },
        action.label,
      ),
    );
  box.append(item);
  setTimeout(remove, action ? stay_ms * 2 : stay_ms);
}

function toastBox() {
  let box = $(".toasts");
  if (!box) {
    box = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    document.body.append(box);
  }
  // An open modal dialog makes the rest of the page inert and covers it: show the message inside the topmost one.
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (box.parentElement !== host) host.append(box);
  return box;
}

export const explain = (error) => toast(error.detail || error.message, { kind: "bad", stay_ms: 8000 });

/**
 * A modal dialog (a bottom sheet on phones). `body` and `foot` are nodes. Answers {dialog, close(value), closed},
 * where `closed` resolves to the value, undefined when dismissed; the element is gone afterwards.
 */
export function openDialog({ title, body, foot = null, className = "", media = null }) {
  const label = `dialog-${newId()}`;
  let value;
  const close = (answer) => {
    value = answer;
    dialog.close();
  };
  const dialog = h(
    "dialog",
    { class: className, "aria-labelledby": label },
    media,
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id: label }, title),
      h(
        "button",
        { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => close() },
        icon("close"),
      ),
    ),
    h("div", { class: "dialog-body" }, body),
    foot && h("div", { class: "dialog-foot" }, foot),
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) close();
  });
  document.body.append(dialog);
  const closed = new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const toasts = $(".toasts", dialog);
      if (toasts) document.body.append(toasts);
      dialog.remove();
      resolve(value);
    });
  });
  dialog.showModal();
  return { dialog, close, closed };
}

/** Asks a yes-or-no question; resolves to true only when the confirm button was pressed. */
export async function confirmDialog({ title, text, confirm, cancel = "Go back", danger = false }) {
  const no = h("button", { type: "button", class: "button" }, cancel);
  const yes = h(
    "button",
    { type: "button", class: `button ${danger ? "danger solid" : "primary"}` },
    confirm,
  );
  const opened = openDialog({ title, body: typeof text === "string" ? h("p", {}, text) : text, foot: [no, yes] });
  no.addEventListener("click", () => opened.close(false));
  yes.addEventListener("click", () => opened.close(true));
  return (await opened.closed) === true;
}

export function emptyState({ figure, title, text, action = null, compact = false }) {
  return h(
    "div",
    { class: `state ${compact ? "compact" : ""}` },
    h("div", { class: "figure" }, icon(figure)),
    h(compact ? "h3" : "h2", {}, title),
    text && h("p", {}, text),
    action,
  );
}

/** What went wrong, and a way to try again. */
export function errorState(error, retry = null) {
  const offline = error.noAnswer;
  return h(
    "div",
    { class: "state", role: "alert" },
    h("div", { class: "figure" }, icon(offline ? "wifi-off" : "alert")),
    h(
      "h2",
      {},
      offline ? "No connection" : error.status === 404 ? "We could not find that" : "Something went wrong",
    ),
    h("p", {}, error.detail || error.message),
    retry &&
      h("button", { type: "button", class: "button primary", onclick: retry }, icon("refresh"), "Try again"),
  );
}

export function skeletonLines(count = 3) {
  return h(
    "div",
    { class: "stack-s", "aria-hidden": "true" },
    Array.from({ length: count }, (_, i) =>
      h("div", { class: "skeleton line", style: { width: `${90 - 17 * (i % 3)}%` } }),
    ),
  );
}

/**
 * Shows `wait` in `element`, then what `load()` resolves to through `show(data)`; a failure shows itself with a retry.
 * A newer call on the same element wins over an older one that is still under way.
 */
export async function fill(element, { load, show, wait = skeletonLines() }) {
  const turn = (Number(element.dataset.turn) || 0) + 1;
  element.dataset.turn = String(turn);
  element.setAttribute("aria-busy", "true");
  replace(element, wait);
  const mine = () => element.dataset.turn === String(turn);
  try {
    const data = await load();
    if (mine()) replace(element, show(data));
  } catch (error) {
    if (error.name !== "ApiError") throw error;
    if (mine())
      replace(
        element,
        errorState(error, () => fill(element, { load, show, wait })),
      );
  } finally {
    if (mine()) element.removeAttribute("aria-busy");
  }
}

/** Puts the server's field errors beside their inputs; answers those that have no input here. */
export function showFieldErrors(form, errors) {
  form.querySelectorAll(".error").forEach((node) => node.remove());
  form.querySelectorAll("[aria-invalid]").forEach((node) => node.removeAttribute("aria-invalid"));
  return errors.filter(({ field, detail }) => {
    const input = form.elements.namedItem(field?.split(".").at(-1) ?? "");
    const holder = input?.closest?.(".field");
    if (!holder) return true;
    const id = `${input.id || input.name}-error`;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", id);
    holder.append(h("p", { class: "error", id }, detail));
    return false;
  });
}
