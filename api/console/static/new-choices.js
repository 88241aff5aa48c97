// The choice of a model by its card, and the options that are folded away.

import { card, choice, field, folded } from "./components.js";
import { fill, h, keyed, say } from "./dom.js";
import { compact } from "./format.js";
import { t } from "./messages.js";
import { check } from "./new-columns.js";
import { listed, nameOfDraft } from "./new-draft.js";

/** Models as radio buttons; `onchoose(name)`. */
export function modelCards(onchoose) {
  const list = h("div", { class: "models", role: "radiogroup", "aria-label": t("new.model") });
  const none = h("p", { class: "muted" }, t("new.models.none"));
  const node = card(t("new.model"), none, list);
  return {
    node,
    show({ models, failed }, chosen) {
      const broken = failed.filter(({ name }) => !models.some((one) => one.name === name));
      const rank = ({ default: isDefault, processes }) => (isDefault ? 2 : 0) + (processes > 0 ? 1 : 0);
      const sorted = models.toSorted((a, b) => rank(b) - rank(a));
      keyed(list, [...sorted, ...broken], ({ name }) => name, () => modelCard(onchoose));
      none.hidden = list.childElementCount > 0;
      for (const input of list.querySelectorAll("input")) input.checked = input.value === chosen;
    },
  };
}

function modelCard(onchoose) {
  const input = h("input", { type: "radio", name: "model", onchange: () => onchoose(input.value) });
  const [name, mark, about, facts] = [h("strong"), h("span", { class: "mark" }), h("small", { class: "about" }), h("small")];
  const node = h("label", { class: "model" }, input, h("span", {}, name, " ", mark, about, facts));
  node.update = (model) => {
    const { reason, processes, description, format, inputs, outputs } = model;
    input.value = model.name;
    input.disabled = !processes;
    say(name, model.name);
    const marks = [[reason, "new.model.broken"], [!processes, "new.model.unserved"], [model.default, "new.model.default"]];
    const [, marked] = marks.find(([is]) => is) ?? [];
    say(mark, marked ? t(marked) : "");
    say(about, reason ?? description ?? "");
    if (reason) return;
    const values = { format, rate: compact(model.rows_per_second), inputs: some(inputs), outputs: some(outputs) };
    say(facts, t("new.model.facts", values));
  };
  return node;
}

/** The names of the first columns. */
function some(columns) {
  const names = columns.slice(0, 4).map(({ name }) => name).join(", ");
  return columns.length > 4 ? t("new.more", { names, n: columns.length - 4 }) : names;
}

/** The options of a job's results and end; `onchange()` is called after they changed the draft. */
export function termFields(draft, { limits }, onchange) {
  const { options } = draft;
  const put = (name, value) => {
    draft.options[name] = value === "" ? undefined : value;
    onchange();
  };
  const select = (name, values) => choice(values, options[name] ?? "", (value) => put(name, value));
  const text = (name, value, parsed, props) =>
    h("input", { ...props, value: value ?? "", oninput: ({ target }) => put(name, target.value && parsed(target.value)) });
  const days = (seconds) => Math.floor(seconds / 86400);
  const outputs = h("fieldset", { class: "checks" });
  // It changes nothing about how the rows are read, so they are not checked again.
  const name = h("input", { maxlength: 256, autocomplete: "off", oninput: () => (draft.name = name.value) });
  const node = folded(t("new.options"), h("div", { class: "stack" },
    field(t("new.name"), name, t("new.name.hint")),
    field(t("new.format"), select("format", [["", "CSV"], ["ndjson", "NDJSON"], ["parquet", "Parquet"]])),
    field(t("new.on_error"), select("on_error", [["", t("new.on_error.skip")], ["fail", t("new.on_error.fail")],
      ...[1, 5, 10].map((n) => [String(n / 100), t("new.on_error.share", { n })])])),
    field(t("new.days"), text("retention_seconds", options.retention_seconds && days(options.retention_seconds),
      (value) => Math.round(value * 86400),
      { type: "number", min: 1, max: days(limits.max_retention_seconds), placeholder: days(limits.retention_seconds) })),
    field(t("new.labels"), text("label", options.label?.join(", "),
      (value) => value.split(",").map((one) => one.trim())), t("new.labels.hint")),
    field(t("new.callback"), text("callback_url", options.callback_url,
      (value) => value.trim(), { type: "url" }), t("new.callback.hint")),
    outputs));
  return {
    node,
    show() {
      const now = nameOfDraft(draft);
      if (name.value !== now) name.value = now;
      showOutputs(outputs, draft, put);
    },
  };
}

function showOutputs(box, draft, put) {
  if (box.model === draft.model?.name) return;
  box.model = draft.model.name;
  const { outputs } = draft.model;
  const usual = outputs.filter((one) => !one.on_request).map(({ name }) => name);
  draft.outputs ??= usual;
  box.hidden = outputs.length < 2;
  fill(box, h("legend", {}, t("new.outputs")), outputs.map(({ name }) => check(name, draft.outputs.includes(name), (isOn) => {
    draft.outputs = outputs.map((one) => one.name).filter((one) => (one === name ? isOn : draft.outputs.includes(one)));
    put("outputs", String(draft.outputs) === String(usual) ? "" : listed(draft.outputs));
  })));
}
