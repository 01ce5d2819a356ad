// A menu from a file: first what it would do, then the doing. Either all of it or nothing.

import { ApiError, api } from "../../deliveryapp/js/api.js";
import { h, replace } from "../../deliveryapp/js/dom.js";
import { plural } from "../../deliveryapp/js/format.js";
import { openDialog, toast } from "../../deliveryapp/js/ui.js";
import { field } from "./menu-forms.js";

export function importFile(base, done) {
  const input = h("input", { type: "file", accept: ".csv,.json,text/csv,application/json" });
  const told = h("div", { class: "stack-s", role: "status" });
  const button = h("button", { type: "button", class: "button primary", disabled: true }, "Import");
  const opened = openDialog({
    title: "Import a menu",
    body: h(
      "div",
      { class: "stack" },
      h(
        "p",
        { class: "muted" },
        "A CSV or JSON file like the one you can download here. Rows are found by their key; what the file does not name stays.",
      ),
      field("File", input),
      told,
    ),
    foot: [button],
  });
  const send = async (dry_run) => {
    const [file] = input.files;
    const type = file.name.toLowerCase().endsWith(".json") ? "application/json" : "text/csv";
    const body = new Blob([await file.arrayBuffer()], { type });
    return api.post(`${base}catalogue/import/`, body, { params: { dry_run }, timeout_ms: 60_000 });
  };
  const attempt = async (dry_run) => {
    try {
      return await send(dry_run);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      replace(told, h("p", { class: "strong" }, error.detail), errorTable(error.errors));
      return null;
    }
  };
  input.addEventListener("change", async () => {
    button.disabled = true;
    replace(told);
    if (!input.files.length) return;
    const plan = await attempt(true);
    if (!plan) return;
    const { created, changed, unchanged } = plan;
    replace(told, h("p", {}, `${created} new, ${changed} changed, ${plural(unchanged, "row")} as before.`));
    button.disabled = created + changed === 0;
  });
  button.addEventListener("click", async () => {
    button.disabled = true;
    if (!(await attempt(false))) return;
    opened.close();
    toast("The menu is imported", { kind: "good" });
    await done();
  });
}

const errorTable = (errors) =>
  errors.length > 0 &&
  h(
    "table",
    { class: "errors" },
    h("tr", {}, h("th", {}, "Line"), h("th", {}, "Column"), h("th", {}, "What is wrong")),
    errors.slice(0, 20).map(({ line, field: column, detail }) =>
      h("tr", {}, h("td", {}, line), h("td", {}, column), h("td", {}, detail)),
    ),
  );
