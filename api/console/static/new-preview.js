// What the service says about rows: why it refuses them, or how it reads the first ones.

import { button, folded, notice, rowsText, table, trouble } from "./components.js";
import { fill, h, say } from "./dom.js";
import { count } from "./format.js";
import { isPassing } from "./live.js";
import { t } from "./messages.js";
import { knownOf } from "./new-draft.js";

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
        problem && refused(problem, look), answer && firstRows(draft), sampleOf(draft));
    },
  };
}

function seen({ looked_at: looked, estimate, columns }) {
  const values = { looked: rowsText(looked.rows), columns: t("new.columns", { n: columns.length }) };
  return looked.all ? t("new.seen.all", { ...values, rows: rowsText(estimate.rows) }) : t("new.seen.some", values);
}

function refused(problem, look) {
  if (isPassing(problem)) return trouble(problem, () => look({ isAsked: true }));
  return notice("error", h("strong", {}, t("new.refused")), h("p", {}, problem.message));
}

function firstRows({ answer, model }) {
  const { first_rows: rows, first_errors: errors, looked_at: looked, warnings } = answer;
  const names = model.inputs.length ? model.inputs.map(({ name }) => name) : Object.keys(rows.find((one) => one.inputs)?.inputs ?? { text: "" });
  const hasErrors = rows.some((one) => one.error);
  const columns = [
    { text: t("new.row"), class: "number" }, t("new.ref_column"),
    ...[...names, ...(hasErrors ? [t("new.fault")] : [])].map((text) => ({ text, class: "text" })),
  ];
  return [
    warnings.map((one) => notice("warning", one)),
    looked.failed > 0 && notice("warning", h("p", {}, t("new.errors", { n: looked.failed, looked: rowsText(looked.rows) })),
      h("ul", {}, errors.map(({ row, error }) => h("li", {}, t("new.error", { row: count(row), error }))))),
    table(t("new.first"), columns, rows.map((one) => [
      count(one.row), one.ref,
      ...names.map((name) => shownValue(one.inputs ? one.inputs[name] : one.text)),
      ...(hasErrors ? [one.error ?? ""] : []),
    ])),
  ];
}

const shownValue = (value) => (value === null || value === undefined || value === "" ? h("span", { class: "muted" }, "–") : String(value));

/** The cells as they were sent, of all columns: they show what is wrong where rows are refused. */
function sampleOf(draft) {
  const { sample } = knownOf(draft);
  if (!sample?.columns.length) return null;
  const columns = sample.columns.map((text) => ({ text, class: "text" }));
  const box = folded(t("new.sample"), table(t("new.sample"), columns, sample.rows.map((row) => row.map((cell) => cell ?? ""))));
  box.open = !draft.answer;
  return box;
}
