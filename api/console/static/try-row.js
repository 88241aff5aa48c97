// A box that scores one row with a model, and the calls that do the same.

import { call } from "./api.js";
import { card, choice, facts, field, notice, trouble } from "./components.js";
import { fill, h, set } from "./dom.js";
import { count, number, ratio } from "./format.js";
import { t } from "./messages.js";

/** How many classes are shown by their probability. */
const MOST_CLASSES = 10;

const SAMPLE = { string: "I am well", double: "1.5", long: "1", boolean: "true", datetime: "2026-01-31" };
const NUMBERS = ["double", "long"];
const NUMERAL = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i;

/** A box to try one row; `onRow(row)` gets the row whenever it changes. */
export function tryBox(model, signal, onRow) {
  const isText = model.inputs.length === 1 && model.inputs[0].type === "string";
  const inputs = new Map(model.inputs.map((one) => [one.name, inputFor(one, isText)]));
  const errors = new Map(model.inputs.map(({ name }, at) => [name, h("small", { class: "wrong", id: `wrong-${at}` })]));
  const go = h("button", { class: "button primary" }, t("try.go"));
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  // Each value as it was typed: the service reads numbers from texts, exactly.
  const row = () => Object.fromEntries([...inputs].map(([name, { value }]) => [name, value === "" ? null : value]));
  const form = h("form", { class: "stack", oninput: () => onRow(row()), onsubmit: (event) => {
    event.preventDefault();
    score();
  } }, h("div", { class: isText ? "" : "fields" }, model.inputs.map((one) => {
    const label = one.required ? one.name : t("try.optional", { name: one.name });
    const node = field(label, inputs.get(one.name), isText ? t("try.keys") : one.type === "datetime" && t("try.utc"));
    const wrong = errors.get(one.name);
    set(inputs.get(one.name), { "aria-describedby": [node.querySelector("small")?.id, wrong.id].filter(Boolean).join(" ") });
    node.append(wrong);
    return node;
  })), h("div", { class: "actions" }, go));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  return card(t("try.title"), form, answer);

  async function score() {
    for (const [name, input] of inputs) mark(name, input, "");
    go.disabled = true;
    const begin = performance.now();
    try {
      const [scored] = await call("/score", { method: "POST", query: { model: model.name, outputs: "all" }, json: [row()], signal });
      const took = t("try.took", { ms: count(performance.now() - begin) });
      fill(answer, scored.error === undefined ? [shown(model.outputs, scored), h("small", {}, took)] : refused(scored.error));
    } catch (error) {
      if (!signal.aborted) fill(answer, trouble(error));
    }
    go.disabled = false;
  }

  // The error of a row begins with the column that it is about, if it is about one.
  function refused(error) {
    const names = isText ? model.inputs.map((one) => one.name) : [...inputs.keys()].filter((one) => error.startsWith(`${one} `));
    const name = names.sort((a, b) => b.length - a.length)[0];
    if (name === undefined) return notice("error", error);
    mark(name, inputs.get(name), error);
    inputs.get(name).focus();
    return null;
  }

  function mark(name, input, error) {
    fill(errors.get(name), error);
    set(input, { "aria-invalid": error ? "true" : null });
  }
}

/** The calls of curl and Python that score a row; without any value in it, a sample. */
export function examples(model, row, needsKey) {
  const isEmpty = Object.values(row).every((value) => value === null);
  const written = (none, yes, no) => `{${model.inputs.map(({ name, type }) => {
    const value = isEmpty ? SAMPLE[type] : row[name];
    const text = value === null ? none : type === "boolean" ? (value === "true" ? yes : no)
      : NUMBERS.includes(type) && NUMERAL.test(value) ? value : JSON.stringify(value);
    return `${JSON.stringify(name)}: ${text}`;
  }).join(", ")}}`;
  const root = location.href.split("#")[0];
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const address = quote(`${root}score?${new URLSearchParams({ model: model.name })}`);
  const header = needsKey ? ' \\\n  -H "Authorization: Bearer $SCORELANE_API_KEY"' : "";
  return [
    `curl ${address}${header} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quote(`[${written("null", "true", "false")}]`)}`,
    `import pandas\nfrom scorelane import Client\n\nclient = Client(${JSON.stringify(root)})\n`
      + `rows = pandas.DataFrame([${written("None", "True", "False")}])\nprint(client.score(rows, model=${JSON.stringify(model.name)}))`,
  ];
}

function inputFor({ type, required }, isText) {
  if (isText) return h("textarea", { required });
  if (type === "boolean") return set(choice([["", "–"], ["true", t("try.true")], ["false", t("try.false")]], ""), { required });
  if (type === "datetime") return h("input", { type: "datetime-local", step: "1", required });
  return h("input", { autocomplete: "off", required, inputmode: type === "string" ? null : type === "long" ? "numeric" : "decimal" });
}

function shown(outputs, scored) {
  const ofMeaning = (meaning) => outputs.filter((one) => one.meaning === meaning);
  const chances = ofMeaning("probability").sort((a, b) => scored[b.name] - scored[a.name]);
  const large = [...ofMeaning("label"), ...ofMeaning("score"), ...ofMeaning("prediction")];
  const rest = outputs.filter((one) => !large.includes(one) && !chances.includes(one));
  const text = (one) => (one.type === "double" ? number(scored[one.name]) : String(scored[one.name]));
  return h("div", { class: "stack" },
    h("div", { class: "results" }, large.map((one) => h("div", {}, h("span", { class: "muted" }, one.name), h("strong", {}, text(one)),
      one.minimum !== null && one.maximum !== null && scale((scored[one.name] - one.minimum) / (one.maximum - one.minimum))))),
    chances.length > 0 && h("ul", { class: "name-bars" }, chances.slice(0, MOST_CLASSES).map((one) => h("li", {},
      h("span", { class: "name" }, one.of ?? one.name), scale(scored[one.name]), h("span", { class: "value" }, ratio(scored[one.name]))))),
    chances.length > MOST_CLASSES && h("small", {}, t("try.others", { n: chances.length - MOST_CLASSES })),
    rest.length > 0 && facts(rest.map((one) => [one.name, text(one)])));
}

function scale(share) {
  const filled = h("span", { class: "filled" });
  filled.style.inlineSize = `${share * 100}%`;
  return h("span", { class: "track" }, filled);
}
