// The page of one model.

import { card, copyable, facts, table } from "./components.js";
import { fill, h } from "./dom.js";
import { count, number, ratio } from "./format.js";
import { known, t } from "./messages.js";
import { versions } from "./model-versions.js";
import { examples, tryBox } from "./try-row.js";

/** The page of a model: `beside` its name, `node` below, and `update(model, all)` with all versions, while its own stays. */
export function modelPage(model, { signal, who }) {
  const state = h("span"), others = versions(model.name, { signal, who });
  const [curl, python] = [copyable("curl", ""), copyable("Python", "")];
  const showCall = (row) => [curl.show, python.show].forEach((show, at) => show(examples(model, row, who.needs_key)[at]));
  const mayTry = who.scopes.includes("submit");
  const beside = [model.default && h("span", { class: "chip" }, t("models.default")), state,
    h("a", { class: "button", href: `#/jobs?${new URLSearchParams({ model: model.name })}` }, t("model.jobs"))];
  const node = [
    model.description && h("p", { class: "muted" }, model.description),
    mayTry && tryBox(model, signal, showCall),
    card(null, facts([
      [t("models.version"), h("code", {}, model.version)],
      [t("model.format"), model.format],
      [t("models.speed"), t("models.rate", { rate: count(model.rows_per_second) })],
    ])),
    others.node,
    h("div", { class: "parts" },
      h("div", { class: "stack" },
        card(t("model.inputs"), table(t("model.inputs"), [t("model.name"), t("model.type"), t("model.missing.ok")],
          model.inputs.map((one) => [h("code", {}, one.name), typeOf(one), t(one.required ? "model.no" : "model.yes")]))),
        card(t("model.outputs"), table(t("model.outputs"), [t("model.name"), t("model.type"), t("model.meaning"), t("model.range")],
          model.outputs.map((one) => [h("code", {}, one.name), typeOf(one), meaningOf(one), rangeOf(one)])))),
      Object.keys(model.figures).length > 0 && card(t("model.figures"), table(t("model.figures"), [t("model.figure"), { text: t("model.value"), class: "number" }],
        Object.entries(model.figures).map(([name, value]) => [known(`figure.${name}`, name), figureText(name, value)])))),
    mayTry && card(t("model.call"), h("h3", {}, "curl"), curl, h("h3", {}, "Python"), python),
  ];
  const update = (now, all) => {
    fill(state, served(now));
    others.see(all);
  };
  if (mayTry) showCall({});
  return { beside, node, model, update };
}

const typeOf = ({ type }) => known(`type.${type}`, type);

function meaningOf({ meaning, of, on_request }) {
  const text = of === null ? known(`meaning.${meaning}`, meaning) : t("meaning.of", { name: of });
  return on_request ? `${text} (${t("model.on_request")})` : text;
}

function rangeOf({ minimum, maximum }) {
  if (minimum === null && maximum === null) return "–";
  return t("model.from_to", { from: number(minimum), to: number(maximum) });
}

function figureText(name, value) {
  if (typeof value !== "number") return String(value);
  if (name.startsWith("accuracy")) return ratio(value);
  return Number.isInteger(value) ? count(value) : number(value);
}

/** What a model's processes are, as a badge; none is a warning. */
export const served = ({ processes }) =>
  h("span", { class: "badge", "data-state": processes ? "succeeded" : "failed" },
    processes ? t("models.processes", { n: processes, count: count(processes) }) : t("models.unserved"));
