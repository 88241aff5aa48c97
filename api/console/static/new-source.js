// What shall be sent: a file or pasted rows, its format, and the beginning that a dry run looks at.

import { bytes } from "./format.js";
import { t } from "./messages.js";
import { takesText } from "./new-draft.js";

// What a dry run reads of a file of lines.
const HEAD = 1024 * 1024;

/** The most bytes of a file that is read whole for a dry run that nobody asked for. */
export const MOST_UNASKED = 64e6;

const NDJSON = ["application/x-ndjson", "NDJSON"];
const TSV = ["text/tab-separated-values", "TSV"];
const CSV = ["text/csv", "CSV"];
const KINDS = new Map([
  ["csv", CSV], ["tsv", TSV], ["tab", TSV], ["ndjson", NDJSON], ["jsonl", NDJSON],
  ["json", ["application/json", "JSON"]], ["parquet", ["application/vnd.apache.parquet", "Parquet"]],
]);

/** A file with what its name says of its format; CSV is assumed otherwise. */
export function sourceOf(file, isPasted = false) {
  const parts = file.name.toLowerCase().split(".").slice(1);
  const isPacked = parts.at(-1) === "gz";
  const suffix = parts.at(isPacked ? -2 : -1);
  const [type, format] = KINDS.get(suffix) ?? CSV;
  const isTable = format === "CSV" || format === "TSV";
  return {
    file, format, isPasted, isPacked, isTable, isKnown: KINDS.has(suffix), isLines: isTable || format === "NDJSON",
    headers: { "Content-Type": type, ...(isPacked && { "Content-Encoding": "gzip" }) },
  };
}

/**
 * What a dry run needs of a file: `{body, total}`, with the length of the whole file if `body` may
 * be only its beginning. Throws an `Error` for people if the file is too large, or cannot be read.
 */
export async function headOf({ file, format, isLines }, limits) {
  const most = format === "JSON" ? limits.max_json_bytes : limits.max_upload_bytes;
  if (file.size > most) throw new Error(t("new.large", { size: bytes(file.size), most: bytes(most), format }));
  // Read here, because a file that fails in a request looks like a service that does not answer.
  const body = await checked(() => (isLines ? file.slice(0, HEAD) : file).arrayBuffer());
  return { body, total: isLines && file.size ? file.size : null };
}

/** Throw an `Error` for people if a file was changed or deleted since it was chosen. */
export const checkReadable = (file) => checked(() => file.slice(0, 1).arrayBuffer());

async function checked(read) {
  try {
    return await read();
  } catch {
    throw new Error(t("new.unreadable"));
  }
}

/** What a pasted text is: "table" if its first line has tabs, else "lines". */
export const kindOfPaste = (text) => (text.split("\n", 1)[0].includes("\t") ? "table" : "lines");

/** Pasted text as a source: a table, or each line that is not empty as a row. */
export function pastedSource({ text, pastedAs, model }, smallRows) {
  const isTabbed = kindOfPaste(text) === "table";
  if ((pastedAs ?? kindOfPaste(text)) === "table") return sourceOf(new File([text], isTabbed ? "pasted.tsv" : "pasted.csv"), true);
  const name = model && takesText(model) ? model.inputs[0].name : "text";
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  return lines.length <= smallRows
    ? sourceOf(new File([JSON.stringify({ [name]: lines })], "pasted.json"), true)
    : sourceOf(new File(lines.map((line) => `${JSON.stringify({ [name]: line })}\n`), "pasted.ndjson"), true);
}
