// How rows are read, and which of their columns is which: controls that follow the dry run.

import { choice, field, folded } from "./components.js";
import { fill, h, say } from "./dom.js";
import { columnOf, knownOf, listed, mappingIn } from "./new-draft.js";
import { t } from "./messages.js";

const DELIMITERS = ["comma", "semicolon", "tab", "pipe", "space"];
const CHARSETS = ["utf-8", "cp1252", "latin-1", "cp1250", "cp1251", "utf-16", "shift_jis", "gb18030"];

/** The controls; `onchange()` is called after they have changed the draft. */
export function columnControls(draft, onchange) {
  const [reading, mapping] = [h("div", { class: "fields" }), h("div", { class: "fields" })];
  const kept = h("div", { class: "checks" });
  const same = h("div", { class: "fields" });
  const others = folded(" ", same);
  others.hidden = true;
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
    return control(name, t(`new.${name}`), { options: all, value, why }, (chosen) => {
      draft.options[name] = chosen || undefined;
      if (name === "ref_column") draft.isNumbered = chosen === "";
    });
  }

  function readingOf({ format, isTable, isPasted }) {
    const hasNumbers = draft.model.inputs.some(({ type }) => type === "double" || type === "long");
    return [
      isTable && option("delimiter", texts(DELIMITERS, (one) => t(`new.delimiter.${one}`)), format === "TSV" ? "tab" : "comma"),
      !isPasted && format !== "Parquet" && option("charset", texts(CHARSETS, (one) => one.toUpperCase()), "utf-8"),
      isTable && option("quoting", texts(["double", "none"], (one) => t(`new.quoting.${one}`)), "double"),
      isTable && hasNumbers && option("decimal", texts(["point", "comma"], (one) => t(`new.decimal.${one}`)), "point"),
    ];
  }

  const guessedInputs = () => mappingIn(knownOf(draft).options ?? {}, draft.model);

  function input({ name }, columns, found) {
    const value = columnOf(draft, name, found);
    const isMissing = !columns.includes(value);
    const isGuess = !isMissing && !draft.inputs[name] && value !== name;
    const reason = () => guess(knownOf(draft), "text_column") ?? guess(knownOf(draft), "rename");
    const why = isMissing ? t("new.column.missing") : isGuess ? reason() : null;
    const options = [...(isMissing ? [["", t("new.column.choose")]] : []), ...columns.map((one) => [one, one])];
    return control(`${draft.model.name} ${name}`, t("new.column", { name }),
      { options, value: isMissing ? "" : value, why, isMissing }, (chosen) => {
        // The service guesses only if no column is chosen: so what it has guessed is kept.
        draft.inputs = { ...Object.fromEntries(guessedInputs()), ...draft.inputs, [name]: chosen };
      });
  }

  function mappingOf(columns) {
    const found = guessedInputs();
    const { keeps: mode } = draft;
    const names = columns.map((one) => [one, one]);
    fillKept(mode === "some" ? columns : []);
    // Of many inputs, those whose column has their name need no look.
    const { inputs } = draft.model;
    const isPlain = ({ name }) => inputs.length > 9 && columns.includes(name);
    const plain = inputs.filter(isPlain);
    arrange(same, plain.map((one) => input(one, columns, found)));
    others.hidden = plain.length === 0;
    say(others.firstElementChild, t("new.columns.same", { n: plain.length }));
    return [
      ...inputs.filter((one) => !isPlain(one)).map((one) => input(one, columns, found)),
      option("ref_column", columns.includes("ref") ? names : [["", t("new.ref.number")], ...names], columns.includes("ref") ? "ref" : ""),
      control("columns", t("new.carried"), { options: texts(["none", "all", "some"], (one) => t(`new.carried.${one}`)), value: mode }, (value) => {
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
    node: h("div", { class: "stack" }, reading, mapping, kept, others),
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

/** The values of a choice with their texts. */
const texts = (values, textOf) => values.map((one) => [one, textOf(one)]);

/** Why an option has the value that the service proposes; null if it was not guessed. */
function guess(known, name) {
  const found = known.guessed?.find((one) => one.option === name);
  return found ? t("new.guessed", { why: found.reason }) : null;
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
      node.toggleAttribute("data-guessed", Boolean(why) && !isMissing);
      say(node.lastElementChild, why ?? "");
    },
  };
}
