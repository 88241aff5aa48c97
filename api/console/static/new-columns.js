// How rows are read, and which of their columns is which: controls that follow the dry run.

import { choice, field } from "./components.js";
import { fill, h, say } from "./dom.js";
import { knownOf, listed } from "./new-draft.js";
import { t } from "./messages.js";

const DELIMITERS = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space" };
const CHARSETS = ["utf-8", "cp1252", "latin-1", "cp1250", "cp1251", "utf-16", "shift_jis", "gb18030"];

/** The controls; `onchange()` is called after they have changed the draft. */
export function columnControls(draft, onchange) {
  const [reading, mapping] = [h("div", { class: "fields" }), h("div", { class: "fields" })];
  const kept = h("div", { class: "checks" });
  const controls = new Map();

  /** A choice that is made once for each name, so that it keeps the focus, and then shown anew. */
  function control(name, label, values, set) {
    if (!controls.has(name)) {
      controls.set(name, chooser(label, (value) => {
        set(value);
        onchange(0);
      }));
    }
    controls.get(name).show(values);
    return controls.get(name).node;
  }

  /** A choice of an option's value: the chosen one, else the proposed one, else the usual one. */
  function option(name, options, usual) {
    const known = knownOf(draft);
    const value = draft.options[name] ?? known.options?.[name] ?? usual;
    const why = draft.options[name] === undefined ? guess(known, name) : null;
    const all = options.some(([one]) => one === value) ? options : [...options, [value, value]];
    return control(name, t(`new.${name}`), { options: all, value, why }, (chosen) => (draft.options[name] = chosen || undefined));
  }

  function readingOf({ format, isTable, isPasted }) {
    const hasNumbers = draft.model.inputs.some(({ type }) => type === "double" || type === "long");
    return [
      isTable && option("delimiter", Object.entries(DELIMITERS).map(([sign, name]) => [sign, t(`new.delimiter.${name}`)]), format === "TSV" ? "\t" : ","),
      !isPasted && format !== "Parquet" && option("charset", CHARSETS.map((one) => [one, one.toUpperCase()]), "utf-8"),
      isTable && option("quoting", ["double", "none"].map((one) => [one, t(`new.quoting.${one}`)]), "double"),
      isTable && hasNumbers && option("decimal", [[".", t("new.decimal.point")], [",", t("new.decimal.comma")]], "."),
    ];
  }

  function input(name, columns, known) {
    const value = draft.inputs[name] ?? known.mapping?.[name] ?? name;
    const isMissing = !columns.includes(value);
    const why = isMissing ? t("new.column.missing") : draft.inputs[name] === undefined && value !== name ? guess(known, name) : null;
    const options = [...(isMissing ? [["", t("new.column.choose")]] : []), ...columns.map((one) => [one, one])];
    return control(`${draft.model.name} ${name}`, t("new.column", { name }), { options, value: isMissing ? "" : value, why, isMissing },
      (chosen) => (draft.inputs[name] = chosen || undefined));
  }

  function mappingOf(columns) {
    const known = knownOf(draft);
    const mode = draft.keeps ?? "none";
    const names = columns.map((one) => [one, one]);
    fillKept(mode === "some" ? columns : []);
    return [
      ...draft.model.inputs.map(({ name }) => input(name, columns, known)),
      option("ref_column", columns.includes("ref") ? names : [["", t("new.ref.number")], ...names], columns.includes("ref") ? "ref" : ""),
      control("columns", t("new.carried"), { options: ["none", "all", "some"].map((one) => [one, t(`new.carried.${one}`)]), value: mode }, (value) => {
        draft.keeps = value;
        draft.options.columns = value === "all" ? "all" : undefined;
        draft.kept = [];
      }),
    ];
  }

  function fillKept(columns) {
    if (kept.shown === columns.join("\n")) return;
    kept.shown = columns.join("\n");
    fill(kept, columns.map((name) => check(name, draft.kept.includes(name), (isOn) => {
      draft.kept = columns.filter((one) => (one === name ? isOn : draft.kept.includes(one)));
      draft.options.columns = draft.kept.length ? listed(draft.kept) : undefined;
      onchange();
    })));
  }

  return {
    node: h("div", { class: "stack" }, reading, mapping, kept),
    show() {
      const { columns = [] } = knownOf(draft);
      arrange(reading, readingOf(draft.source));
      if (draft.state !== "busy") arrange(mapping, columns.length ? mappingOf(columns) : []);
    },
  };
}

/** A box to tick; `onchange(isOn)`. */
export function check(text, checked, onchange) {
  return h("label", { class: "check" }, h("input", { type: "checkbox", checked, onchange: (event) => onchange(event.target.checked) }), text);
}

/** Why an option has the value that the service proposes; null if it was not guessed. */
function guess(known, name) {
  const why = known.guessed?.[name];
  return why ? t("new.guessed", { why }) : null;
}

/** Have a box show these nodes, and leave alone those that are there already. */
function arrange(box, nodes) {
  const shown = nodes.filter(Boolean);
  if (shown.length !== box.childElementCount || shown.some((one, at) => one !== box.children[at])) fill(box, shown);
}

/** A field with a choice whose options and hint change. */
function chooser(label, onchange) {
  const select = choice([], "", onchange);
  const node = field(label, select, " ");
  let shown = "";
  return {
    node,
    show({ options, value, why, isMissing = false }) {
      const texts = JSON.stringify(options);
      if (shown !== texts) fill(select, options.map(([one, text]) => h("option", { value: one }, text)));
      shown = texts;
      select.value = value;
      select.setAttribute("aria-invalid", String(isMissing));
      say(node.lastElementChild, why ?? "");
    },
  };
}
