// Who works at a restaurant. Owners invite, change roles and dismiss; managers look.

import { ApiError, api } from "../../deliveryapp/js/api.js";
import { $, busy, h, icon, replace } from "../../deliveryapp/js/dom.js";
import { day, sentence } from "../../deliveryapp/js/format.js";
import { confirmDialog, explain, fill, openDialog } from "../../deliveryapp/js/ui.js";

const root = $("#staff");
const base = `restaurants/${root.dataset.restaurant}/staff/`;
const isOwner = root.dataset.role === "owner";
const ROLES = ["owner", "manager", "kitchen"];

const look = () => fill(root, { load: () => api.get(base), show });

async function change(button, ask) {
  await busy(button, async () => {
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      explain(error);
    }
  });
  await look();
}

const roleSelect = (role, props) =>
  h(
    "div",
    { class: "select" },
    h(
      "select",
      props,
      ROLES.map((value) => h("option", { value, selected: value === role }, sentence(value))),
    ),
    icon("chevron"),
  );

function member({ user_id, name, email, role }) {
  const select = (event) =>
    change(event.currentTarget, () => api.patch(`${base}${user_id}/`, { role: event.target.value }));
  const dismiss = async (event) => {
    const button = event.currentTarget;
    const sure = await confirmDialog({
      title: `Remove ${name || email}?`,
      text: "They lose access to this kitchen at once.",
      confirm: "Remove",
      danger: true,
    });
    if (sure) await change(button, () => api.delete(`${base}${user_id}/`));
  };
  return row(name || email, name ? email : "", [
    isOwner ? roleSelect(role, { "aria-label": `Role of ${name || email}`, onchange: select }) : badge(role),
    isOwner && remove(`Remove ${name || email}`, dismiss),
  ]);
}

function invitation({ id, email, role, valid_until }) {
  const withdraw = (event) => change(event.currentTarget, () => api.delete(`${base}invitations/${id}/`));
  return row(email, `Invited, until ${day(valid_until)}`, [
    badge(role),
    isOwner && remove(`Take the invitation of ${email} back`, withdraw),
  ]);
}

const badge = (role) => h("span", { class: "badge" }, sentence(role));
const remove = (label, onclick) =>
  h("button", { type: "button", class: "icon-button", "aria-label": label, onclick }, icon("close"));

const row = (title, about, acts) =>
  h("li", {}, h("span", { class: "grow" }, title, about && h("small", { class: "muted" }, about)), acts);

function show({ members, invitations }) {
  return [
    h("ul", { class: "card drawer-list" }, members.map(member), invitations.map(invitation)),
    isOwner && inviteForm(),
  ];
}

function inviteForm() {
  const email = h("input", { id: "invite-email", type: "email", required: true, autocomplete: "off" });
  const role = roleSelect("kitchen", { id: "invite-role" });
  const send = h("button", { class: "button primary" }, "Invite");
  const form = h(
    "form",
    { class: "card stack" },
    h("h2", {}, "Invite somebody"),
    h("div", { class: "field" }, h("label", { for: "invite-email" }, "E-mail"), email),
    h("div", { class: "field" }, h("label", { for: "invite-role" }, "Role"), role),
    send,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await change(send, async () => {
      const body = { email: email.value, role: $("select", role).value };
      const { link } = await api.post(base, body);
      await showLink(body.email, link);
    });
  });
  return form;
}

/** The only moment at which the link is known. */
function showLink(email, link) {
  const text = h("input", { readonly: true, value: link, "aria-label": "Link of the invitation" });
  const copy = h("button", { type: "button", class: "button primary" }, "Copy the link");
  copy.addEventListener("click", async () => {
    text.select();
    await navigator.clipboard?.writeText(link);
    replace(copy, "Copied");
  });
  return openDialog({
    title: "Send them this link",
    body: h(
      "div",
      { class: "stack" },
      h("p", {}, `Only ${email} can use it, within 7 days. It is not shown again.`),
      h("div", { class: "field" }, text),
    ),
    foot: copy,
  }).closed;
}

look();
