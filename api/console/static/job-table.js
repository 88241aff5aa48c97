// A page of rows as a table.

import { fill, h } from "./dom.js";
import { aligned, count } from "./format.js";
import { t } from "./messages.js";

// A longer text is cut, and can be opened.
const LONG = 120;

/** A table with `show(job, rows, numbers, isErrors, nothing)`; `onRow(number)` is called to show a row among all. */
export function rowTable(onRow) {
  const head = h("thead"), body = h("tbody");
  const node = h("table", { class: "data job-table" }, h("caption", { class: "unseen" }, t("job.rows")), head, body);
  function show(job, rows, numbers, isErrors, nothing) {
    if (!rows.length) {
      fill(head);
      return fill(body, h("tr", {}, h("td", { class: "muted" }, nothing)));
    }
    const outputs = isErrors ? [] : job.outputs, names = new Set(outputs.map(({ name }) => name));
    const carried = Object.keys(rows[0]).filter((name) => !names.has(name) && !["ref", "error", "row"].includes(name));
    const written = new Map(outputs.filter(isNumber).map(({ name }) => [name, aligned(rows.map((row) => row[name]).filter(Number.isFinite))]));
    fill(head, h("tr", {},
      column(t("job.rows.number"), "number"), column("ref"),
      outputs.map((one) => column(one.name, isNumber(one) ? "number" : null)),
      isErrors && column(t("job.rows.error")), carried.map((name) => column(name))));
    fill(body, rows.map((row, at) => h("tr", {},
      h("td", { class: "number muted" }, isErrors ? link(numbers[at]) : count(numbers[at])),
      h("td", { class: "text" }, text(row.ref)),
      isErrors ? h("td", { class: "text" }, text(row.error))
        : row.error ? h("td", { class: "job-bad", colspan: outputs.length }, text(row.error))
        : outputs.map((one) => value(one, row[one.name], written.get(one.name))),
      carried.map((name) => h("td", { class: "text" }, text(row[name]))))));
  }
  const link = (row) => h("button", { type: "button", class: "job-row", "aria-label": t("job.rows.show", { n: count(row) }), onclick: () => onRow(row) }, count(row));
  return { node, show };
}

const column = (name, kind) => h("th", { scope: "col", class: kind ?? null }, name);

/** Whether an output is a number. */
export const isNumber = ({ type }) => type === "double" || type === "long";

function value(output, one, written) {
  if (one === null || one === undefined) return h("td", { class: "muted" }, "–");
  if (typeof one !== "number") return h("td", { class: "text" }, text(one));
  const shown = output.type === "long" ? whole(one) : written(one);
  if (output.minimum !== 0 || output.maximum !== 1) return h("td", { class: "number" }, shown);
  const filled = h("span", { class: "filled" });
  filled.style.inlineSize = `${Math.min(1, Math.max(0, one)) * 100}%`;
  return h("td", { class: "number" }, h("div", { class: "job-share" }, h("span", { class: "track" }, filled), shown));
}

// JavaScript's numbers hold whole numbers up to 2^53 only.
const whole = (n) => (Number.isSafeInteger(n) ? count(n) : `≈ ${count(n)}`);

function text(cell) {
  const all = String(cell ?? "");
  if (all.length <= LONG) return all;
  return h("details", { class: "job-long" }, h("summary", {}, h("span", {}, `${all.slice(0, LONG)}…`)), all);
}
