// What the service says about rows: why it refuses them, or how it reads the first ones.

import { button, folded, notice, rowsText, table, trouble } from "./components.js";
import { fill, h, say } from "./dom.js";
import { count } from "./format.js";
import { isPassing } from "./live.js";
import { t } from "./messages.js";
import { knownOf, lacksColumns } from "./new-draft.js";

/** The panel; `look({isAsked})` asks the service again. */
export function previewPanel(draft, look) {
  const status = h("p", { class: "muted", role: "status" });
  const body = h("div", { class: "stack" });
  const node = h("div", { class: "stack preview" }, status, body);
  let shown = null;
  return {
    node,
    show() {
      const { state, answer, problem } = draft;
      node.setAttribute("aria-busy", String(state === "busy"));
      if (state === "busy") return say(status, t("new.looking"));
      say(status, answer ? seen(answer) : "");
      // The same answer keeps its place, and what is open in it.
      if (shown === (answer ?? problem ?? state)) return;
      shown = answer ?? problem ?? state;
      fill(body,
        state === "unasked" && notice("info", h("p", {}, t("new.unasked")), button(t("new.whole"), () => look({ isAsked: true }))),
        problem && refused(draft, look), answer && firstRows(draft), sampleOf(draft));
    },
  };
}

function seen({ looked_at: looked, estimate, columns }) {
  const values = { looked: rowsText(looked.rows), columns: t("new.columns", { n: columns.length }) };
  return looked.all ? t("new.seen.all", { ...values, rows: rowsText(estimate.rows) }) : t("new.seen.some", values);
}

function refused(draft, look) {
  const { problem } = draft;
  if (isPassing(problem)) return trouble(problem, () => look({ isAsked: true }));
  if (problem.code === "no-such-column" && lacksColumns(draft)) {
    return notice("error", h("strong", {}, t("new.choose.columns")), h("p", {}, t("new.choose.columns.text")));
  }
  return notice("error", h("strong", {}, t("new.refused")), h("p", {}, problem.message));
}

function firstRows({ answer, model }) {
  const { first_rows: rows, first_errors: errors, looked_at: looked, warnings } = answer;
  const names = model.inputs.length ? model.inputs.map(({ name }) => name) : Object.keys(rows.find((one) => one.inputs)?.inputs ?? { text: "" });
  const hasErrors = rows.some((one) => one.error);
  const valueOf = (one, name) => (one.inputs ? one.inputs[name] : one.text);
  const columns = [
    { text: t("new.row"), class: "number" }, t("new.ref_column"),
    ...names.map((text) => ({ text, class: kindOf(rows.map((one) => valueOf(one, text))) })),
    ...(hasErrors ? [{ text: t("new.fault"), class: "text" }] : []),
  ];
  return [
    warnings.map((one) => notice("warning", one)),
    looked.failed > 0 && notice("warning", h("p", {}, t("new.errors", { n: looked.failed, looked: rowsText(looked.rows) })),
      h("ul", {}, errors.map(({ row, error }) => h("li", {}, t("new.error", { row: count(row), error }))))),
    table(t("new.first"), columns, rows.map((one) => [
      count(one.row), one.ref,
      ...names.map((name) => shownValue(valueOf(one, name))),
      ...(hasErrors ? [one.error ?? ""] : []),
    ])),
  ];
}

// Numbers stand below each other, and short values stay in one line.
function kindOf(values) {
  const given = values.filter((one) => one !== null && one !== undefined);
  if (given.length && given.every((one) => typeof one === "number")) return "number";
  return given.every((one) => String(one).length < 18) ? "short" : "text";
}

const shownValue = (value) => (value === null || value === undefined || value === "" ? h("span", { class: "muted" }, "–") : String(value));

/** The cells as they were sent, of all columns: they show what is wrong where rows are refused. */
function sampleOf(draft) {
  const { sample } = knownOf(draft);
  if (!sample?.columns.length) return null;
  const columns = sample.columns.map((text, at) => ({ text, class: kindOf(sample.rows.map((row) => row[at])) }));
  const box = folded(t("new.sample"), table(t("new.sample"), columns, sample.rows.map((row) => row.map((cell) => cell ?? ""))));
  box.open = !draft.answer;
  return box;
}
