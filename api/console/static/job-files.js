// The downloads of a job in each format.

import { button, icon, trouble } from "./components.js";
import { fill, h, say } from "./dom.js";
import { download } from "./downloads.js";
import { t } from "./messages.js";

// Excel takes the separators of its region: a semicolon between cells where the comma is decimal.
const COMMA = new Intl.NumberFormat(navigator.language).format(1.5).includes(",");
const EXCEL = COMMA ? { bom: "true", delimiter: "semicolon", decimal: "comma" } : { bom: "true" };

/** Buttons that download the rows of job `id`, or those that are done so far. */
export function files(id) {
  const row = h("div", { class: "actions" }), hint = h("small"), said = h("div");
  let shape = "";

  function see(job) {
    const isWhole = job.state === "succeeded", hasErrors = job.rows.failed > 0;
    if (shape === (shape = `${isWhole} ${hasErrors}`)) return;
    const get = (text, options, kind, what = "results") => button([icon("download"), text], () =>
      download(id, what, isWhole ? options : { ...options, partial: "true" })
        .then(() => fill(said), (error) => fill(said, trouble(error))), { kind });
    fill(row,
      get("CSV", { format: "csv" }, isWhole ? "primary" : ""),
      get(t("job.excel"), { format: "csv", ...EXCEL }),
      get("NDJSON", { format: "ndjson" }),
      isWhole && get("Parquet", { format: "parquet" }),
      hasErrors && get(t("job.errors.file"), { format: "csv" }, "", "errors"));
    say(hint, `${isWhole ? "" : t("job.partial")} ${t(COMMA ? "job.excel.comma" : "job.excel.point")}`);
  }
  return { node: h("div", { class: "job-files" }, h("h2", {}, t("job.download")), row, hint, said), see };
}
