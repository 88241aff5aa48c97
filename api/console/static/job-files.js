// The downloads of a job in each format.

import { button, icon, trouble } from "./components.js";
import { fill, h, keyed, say } from "./dom.js";
import { download, save } from "./downloads.js";
import { t } from "./messages.js";

// Excel takes the separators of its region: a semicolon between cells where the comma is decimal.
const COMMA = new Intl.NumberFormat(navigator.language).format(1.5).includes(",");
const EXCEL = COMMA ? { bom: "true", delimiter: "semicolon", decimal: "comma" } : { bom: "true" };

/** Buttons that download the rows of job `id`, or those that are done so far; and its receipt. */
export function files(id) {
  const row = h("div", { class: "actions" }), hint = h("small"), said = h("div");
  let isWhole = false;

  const get = ([text, format, options, what = "results"]) => button([icon("download"), text], () =>
    (what === "receipt" ? save(`/jobs/${id}/receipt`, `receipt-${id}.json`)
      : download(id, what, { format, ...options, ...(isWhole ? {} : { partial: "true" }) }))
      .then(() => fill(said), (error) => fill(said, trouble(error))));

  function see(job) {
    isWhole = job.state === "succeeded";
    keyed(row, [
      ["CSV", "csv"], [t("job.excel"), "csv", EXCEL], ["NDJSON", "ndjson"], isWhole && ["Parquet", "parquet"],
      job.rows.failed > 0 && [t("job.errors.file"), "csv", {}, "errors"],
      isWhole && [t("job.receipt"), "json", {}, "receipt"],
    ].filter(Boolean), ([text]) => text, get);
    row.firstChild.classList.toggle("primary", isWhole);
    say(hint, `${isWhole ? "" : t("job.partial")} ${t(COMMA ? "job.excel.comma" : "job.excel.point")}`);
  }
  return { node: h("div", { class: "job-files" }, h("h2", {}, t("job.download")), row, hint, said), see };
}
