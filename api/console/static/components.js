// What several pages are made of.

import { h, fill, say, svg } from "./dom.js";
import { count, percent } from "./format.js";
import { known, t } from "./messages.js";
import { UNREACHABLE } from "./api.js";

/** Tell something to people who see the page, for some seconds, and to those who hear it. */
export function announce(text, { level = "info" } = {}) {
  fill(document.getElementById("said"), text);
  document.querySelector(".toast")?.remove();
  const toast = h("div", { class: "toast", "data-level": level, "aria-hidden": "true" }, text);
  document.getElementById("said").after(toast);
  setTimeout(() => toast.remove(), 6000);
}

/** A heading of a page, with what stands beside it. */
export function heading(title, ...beside) {
  return h("div", { class: "heading" }, h("h1", { tabindex: "-1" }, title), h("div", { class: "beside" }, beside));
}

/** A box with a title. */
export function card(title, ...children) {
  return h("section", { class: "card" }, title && h("h2", {}, title), children);
}

/** A button; `kind` is "primary", "danger", "quiet" or nothing. */
export function button(text, onclick, { kind, ...props } = {}) {
  return h("button", { type: "button", class: `button ${kind ?? ""}`, onclick, ...props }, text);
}

/** A field of a form with its label, and a hint below. */
export function field(label, input, hint) {
  input.id ||= `field-${(field.last = (field.last ?? 0) + 1)}`;
  const below = hint && h("small", { id: `${input.id}-hint` }, hint);
  if (below) input.setAttribute("aria-describedby", below.id);
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, below);
}

/** A choice from `[value, text]` pairs. */
export function choice(options, value, onchange) {
  const select = h("select", { onchange: () => onchange?.(select.value) },
    options.map(([one, text]) => h("option", { value: one }, text)));
  select.value = value;
  return select;
}

/** The state of a job: a coloured dot and its word. */
export function badge(state) {
  return h("span", { class: "badge", "data-state": state }, known(`state.${state}`, state));
}

/** A bar of progress, with `update(share, text)`; a share of null means that it is not known. */
export function bar(label) {
  const filled = h("span", { class: "filled" });
  const node = h("div", { class: "bar", role: "progressbar", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100" }, filled);
  node.show = (share, text) => {
    node.toggleAttribute("data-unknown", share === null);
    filled.style.inlineSize = `${(share ?? 1) * 100}%`;
    if (share === null) node.removeAttribute("aria-valuenow");
    else node.setAttribute("aria-valuenow", String(Math.floor(share * 100)));
    node.setAttribute("aria-valuetext", text ?? (share === null ? "" : percent(share)));
  };
  return node;
}

/** Facts as pairs of a name and a text or node; those without a value are left out. */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "facts" }, shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** A table in a box that scrolls by itself. `columns` are texts or `{text, class}`; `rows` arrays of cells. */
export function table(caption, columns, rows, { className = "" } = {}) {
  const kinds = columns.map((one) => one.class ?? null);
  const body = h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, at) => h("td", { class: kinds[at] }, cell)))));
  return scroller(caption, h("table", { class: `data ${className}` }, h("caption", { class: "unseen" }, caption),
    h("thead", {}, h("tr", {}, columns.map((one) => h("th", { scope: "col", class: one.class ?? null }, one.text ?? one)))), body));
}

/** A box that scrolls sideways, also with the keyboard. */
export function scroller(label, ...children) {
  return h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": label }, children);
}

/** A message in a box; `level` is "info", "warning", "error" or "good". */
export function notice(level, ...children) {
  return h("div", { class: "notice", "data-level": level, role: level === "error" ? "alert" : null }, children);
}

/** What an error says, and, if given, a button to try again. */
export function trouble(error, again) {
  const text = error.status === UNREACHABLE ? t("error.unreachable") : error.message;
  const id = error.body?.request_id;
  return notice("error", h("p", {}, text), id && h("small", {}, t("error.request", { id })),
    again && button(t("action.again"), again));
}

/** What is shown while a page waits for its data, unless they come at once. */
export const waiting = () => h("p", { class: "waiting muted", role: "status" }, t("page.waiting"));

/** What is shown where there is nothing yet. */
export function empty(title, text, ...actions) {
  return h("div", { class: "empty" }, h("h2", {}, title), text && h("p", {}, text), actions);
}

/** A text to copy, with a button. */
export function copyable(label, text) {
  const copied = button(t("action.copy"), async () => {
    await navigator.clipboard.writeText(code.textContent);
    announce(t("said.copied"));
  }, { kind: "quiet" });
  const code = h("code", {}, text);
  // Without HTTPS a page may not write to the clipboard, except on this machine.
  const node = h("div", { class: "copyable" }, scroller(label, h("pre", {}, code)), navigator.clipboard && copied);
  node.show = (other) => say(code, other);
  return node;
}

/** Ask before something is done; resolves to whether it shall be. `danger` names the button. */
export function ask(title, text, danger) {
  return new Promise((resolve) => {
    const no = button(t("action.keep"), () => dialog.close());
    const yes = button(danger, () => dialog.close("yes"), { kind: "danger" });
    const dialog = h("dialog", { "aria-labelledby": "ask-title", onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    } }, h("h2", { id: "ask-title" }, title), h("p", {}, text), h("div", { class: "actions" }, no, yes));
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}

/** A folded part of a page. */
export function folded(title, ...children) {
  return h("details", { class: "folded" }, h("summary", {}, title), children);
}

/** "1,234 rows", with the right form of the word. */
export const rowsText = (n) => t("rows", { n, count: count(n) });

/** A small picture from `icons`; it says nothing to a screen reader. */
export function icon(name) {
  return svg("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, svg("path", { d: icons[name] }));
}

const icons = {
  file: "M5 2.500h6.500L16 7v10.500H5zM11.500 2.500V7H16",
  upload: "M10 13.500v-10M5.500 7.500 10 3l4.500 4.500M3 13v4h14v-4",
  download: "M10 3v10M5.500 9 10 13.500 14.500 9M3 13.500v3.500h14v-3.500",
  key: "M12.500 3a4.500 4.500 0 1 1-3.700 7L3 15.800V17h3v-2h2l1.500-2",
};
