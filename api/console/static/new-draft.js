// A job that is being prepared, and the options that follow from it.

import { labelValue } from "./job-name.js";

/**
 * A job for which nothing but perhaps a model was chosen. `state` says how far its dry run is:
 * "empty", "busy", "unasked", "answer" or "problem". `refresh()` shows it, while its page is there.
 */
export const freshDraft = (model = null) => ({
  source: null, text: "", pastedAs: null, model, name: null, options: {}, ...ofColumns(), ...ofDryRun(), sending: null, refusal: null, refresh: null,
});

/** What was chosen about columns: of inputs, of references (row numbers or not), and those kept. */
const ofColumns = () => ({ inputs: {}, isNumbered: false, keeps: "none", kept: [] });
const ofDryRun = () => ({ state: "empty", answer: null, problem: null });

/** Take other rows: what was chosen about the columns of the last ones does not hold for them. */
export function takeSource(draft, source) {
  const { format, on_error, retention_seconds, label, callback_url, outputs } = draft.options;
  const options = { format, on_error, retention_seconds, label, callback_url, outputs };
  // A name that was typed for pasted rows holds while they are edited.
  const name = source?.isPasted ? draft.name : null;
  Object.assign(draft, { source, name, options, ...ofColumns(), ...ofDryRun() });
}

/** What is chosen in a draft, to be remembered. */
export const choicesOf = ({ name, options, inputs, isNumbered, keeps, kept, outputs }) => ({ name, options, inputs, isNumbered, keeps, kept, outputs });

/** A model of which nothing is known, for keys that may not list the models: the default one. */
export const UNKNOWN_MODEL = { name: "", inputs: [], outputs: [], processes: 1 };

/** What the last dry run found out, although it may have refused the rows. */
export const knownOf = (draft) => draft.answer ?? draft.problem?.body ?? {};

/** Whether a model takes one text for each row, and nothing else. */
export const takesText = ({ inputs }) => inputs.length === 1 && inputs[0].type === "string" && inputs[0].required;

/** The name of the job: what was typed, or that of the file. */
export const nameOfDraft = ({ name, source }) => name ?? (source && !source.isPasted ? labelValue(source.file.name) : "");

/** The options that were chosen, as a query of `POST /jobs`. */
export function queryOf(draft) {
  const { model, options, inputs } = draft;
  const renamed = model.inputs.filter(({ name }) => inputs[name]).map(({ name }) => [inputs[name], name]);
  const query = { ...options, label: labelsOf(draft), model: model.name };
  if (renamed.length && takesText(model)) query.text_column = renamed[0][0];
  else if (renamed.length) query.rename = listed(renamed.map((pair) => pair.join(":")));
  return query;
}

// A label `file` that was typed among the labels is the name.
function labelsOf(draft) {
  const { label = [] } = draft.options, name = labelValue(nameOfDraft(draft));
  return name && !label.some((one) => one.startsWith("file:")) ? [`file:${name}`, ...label] : label;
}

/**
 * The query of a dry run, which guesses what was not chosen. It guesses no column of references
 * only if it guesses nothing: so where these are the rows' numbers, the last guesses are sent.
 */
export function dryRunQuery(draft) {
  if (!draft.isNumbered) return { ...queryOf(draft), validate: true, guess: true };
  return { ...knownOf(draft).options, ...queryOf(draft), ref_column: null, validate: true };
}

/** The column of each input in options that `queryOf` or the service made, by the input's name. */
export function mappingIn({ text_column: text, rename = "" }, { inputs }) {
  if (text) return new Map(inputs.slice(0, 1).map(({ name }) => [name, text]));
  const pairs = [...rename.matchAll(/("(?:[^"]|"")*"|[^,]+)/g)].map(([pair]) => pair.replace(/^"|"$/g, "").replaceAll('""', '"'));
  // As the service finds the colon: both names may have others.
  const own = (name) => pairs.find((pair) => pair.endsWith(`:${name}`))?.slice(0, -name.length - 1);
  return new Map(inputs.map(({ name }) => [name, own(name)]).filter(([, column]) => column));
}

/** The column of an input: the chosen one, the guessed one of those `found`, or that of its name. */
export const columnOf = ({ inputs }, name, found) => inputs[name] ?? found.get(name) ?? name;

/** Whether an input has no column yet, so that a person has to choose one. */
export function lacksColumns(draft) {
  const { columns, options = {} } = knownOf(draft), found = mappingIn(options, draft.model);
  return columns?.length > 0 && draft.model.inputs.some(({ name }) => !columns.includes(columnOf(draft, name, found)));
}

/** Names as the options `columns`, `outputs` and `rename` take them: like a line of a CSV. */
export const listed = (names) =>
  names.map((name) => (/[",\r\n]|^all$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)).join(",");
