// Builds DOM from data without ever parsing it as markup: text is always a text node.

const SVG = "http://www.w3.org/2000/svg";
const iconsUrl = document.querySelector('meta[name="icons-url"]')?.content ?? "";

/**
 * h("button", {class: "button", onclick: f, "aria-label": "Add", disabled: false}, "text", node, [nodes], null)
 * Properties: `class`, `dataset` (object), `style` (object of custom properties), `on*` functions; true/false set or
 * leave out an attribute; null is left out.
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) setProperty(element, name, value);
  element.append(...flat(children));
  return element;
}

function setProperty(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "style") for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
  else if (name === "value" || name === "checked") element[name] = value;
  else element.setAttribute(name, value === true ? "" : String(value));
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/** A decorative icon of the sprite; give the control around it a name of its own. */
export function icon(name, className = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${className}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${iconsUrl}#${name}`);
  svg.append(use);
  return svg;
}

export function replace(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/**
 * Makes the children of `parent` match `items` in order, reusing the element of each key, so that focus and running
 * animations survive. `build(item)` makes an element once; `refresh(element, item)` brings it up to date.
 */
export function reconcile(parent, items, { key, build, refresh }) {
  const old = new Map([...parent.children].filter((el) => el.dataset.key).map((el) => [el.dataset.key, el]));
  const wanted = items.map((item) => {
    const name = String(key(item));
    const element = old.get(name) ?? build(item);
    element.dataset.key = name;
    refresh?.(element, item);
    return element;
  });
  const keep = new Set(wanted);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((element, index) => {
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
  });
}

/** Runs `work` once at a time for a button and shows it as busy; a second click while it runs does nothing. */
export async function busy(button, work) {
  if (button.dataset.busy === "true") return undefined;
  button.dataset.busy = "true";
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } finally {
    delete button.dataset.busy;
    button.removeAttribute("aria-busy");
  }
}

/** Calls `f` after `wait_ms` without another call. */
export function debounce(f, wait_ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), wait_ms);
  };
}
