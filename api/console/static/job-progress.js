// How far a job is, what holds it up, what can be downloaded, and the facts about it.

import { bar, button, card, facts, icon, notice, trouble } from "./components.js";
import { fill, h, say, set } from "./dom.js";
import { download } from "./downloads.js";
import { count, duration, percent, time } from "./format.js";
import { hasEnded } from "./live.js";
import { known, t } from "./messages.js";

// What these sentences say is shown as figures.
const SHOWN_ANYWAY = /^(Done: )?[\d,]+ rows (are done|have a score, [\d,]+ an error)\.$/;

/** The card of the progress. */
export function progress(path) {
  const line = bar(t("job.progress")), share = h("strong", { class: "number" }, "0 %");
  const figures = Object.fromEntries(["done", "failed", "rate", "left"].map((name) => [name, figure()]));
  const detail = h("p", { class: "job-detail muted" });
  const files = downloads(path);
  const node = card(null,
    h("div", { class: "job-bar" }, line, share),
    h("dl", { class: "job-figures" }, Object.values(figures).map((one) => one.node)),
    detail, files.node);

  function see(job) {
    const { total, completed, failed } = job.rows, done = completed + failed;
    const isOver = hasEnded(job);
    set(node, { "data-state": job.state });
    line.show(job.state === "queued" && !done ? 0 : job.progress);
    say(share, percent(job.progress));
    figures.done.show(t("job.done"), count(done), total !== null && total !== done && t("job.total", { n: count(total) }));
    figures.failed.show(t("job.failed"), count(failed), failed >= done / 1000 && done > 0 && percent(failed / done, { fine: true }));
    figures.rate.show(t("job.rate"), job.rows_per_second ? count(job.rows_per_second) : "–", job.rows_per_second ? t("job.persecond") : "");
    if (isOver) figures.left.show(t("job.took"), duration((Date.parse(job.finished_at) - Date.parse(job.started_at ?? job.created_at)) / 1000));
    else figures.left.show(t("job.left"), job.eta_seconds === null ? "–" : duration(job.eta_seconds));
    say(detail, SHOWN_ANYWAY.test(job.detail) ? t(isOver ? "job.kept" : "job.goeson", { at: isOver && time(job.expires_at) }) : job.detail);
    if (job.error) detail.replaceWith(notice("error", job.error));
    files.see(job);
  }
  return { node, see };
}

function figure() {
  const name = h("dt", {}, "\u00a0"), value = h("span", {}, "–"), more = h("small");
  return {
    node: h("div", {}, name, h("dd", {}, value, " ", more)),
    show(label, text, beside) {
      say(name, label);
      say(value, text);
      say(more, beside || "");
    },
  };
}

function downloads(path) {
  const id = path.split("/").pop();
  const row = h("div", { class: "actions" }), hint = h("small"), said = h("div");
  const get = (text, what, options, kind) => {
    const one = button([icon("download"), text], () => download(id, what, options).then(() => fill(said), (error) => fill(said, trouble(error))), { kind });
    return one;
  };
  // Excel splits cells at the list separator of its country: a semicolon where the comma is decimal.
  const comma = new Intl.NumberFormat(navigator.language).format(1.5).includes(",");
  const excel = comma ? { bom: "true", delimiter: "semicolon", decimal: "comma" } : { bom: "true" };
  let shape = "";
  function see(job) {
    const isWhole = job.state === "succeeded", hasErrors = job.rows.failed > 0;
    const now = `${isWhole}${hasErrors}${hasEnded(job)}`;
    if (now === shape) return;
    shape = now;
    const part = isWhole ? {} : { partial: "true" };
    fill(row,
      get("CSV", "results", { format: "csv", ...part }, isWhole ? "primary" : ""),
      get(t("job.excel"), "results", { format: "csv", ...excel, ...part }),
      get("NDJSON", "results", { format: "ndjson", ...part }),
      isWhole && get("Parquet", "results", { format: "parquet" }),
      hasErrors && get(t("job.errors.file"), "errors", { format: "csv", ...part }));
    say(hint, `${isWhole ? "" : t("job.partial")} ${t(comma ? "job.excel.comma" : "job.excel.point")}`);
  }
  return { node: h("div", { class: "job-files" }, h("h2", {}, t("job.download")), row, hint, said), see };
}

/** The card of the facts about a job. */
export function details() {
  const box = h("div");
  let shown = "";
  function see(job) {
    const fields = [job.model, job.labels, job.owner, job.created_at, job.started_at, job.finished_at,
      job.expires_at, job.on_error, job.callback, job.retry_of];
    if (shown === (shown = JSON.stringify(fields))) return;
    const at = (moment) => (moment ? time(moment) : "–");
    const labels = Object.entries(job.labels).map(([key, value]) => h("span", { class: "label" }, `${key}: ${value}`));
    fill(box, facts([
      [t("job.model"), [h("a", { href: `#/models/${encodeURIComponent(job.model.name)}` }, job.model.name), h("small", {}, ` ${job.model.version}`)]],
      [t("job.owner"), job.owner],
      [t("job.labels"), labels.length ? labels : null],
      [t("job.created"), at(job.created_at)],
      [t("job.started"), at(job.started_at)],
      [t("job.finished"), at(job.finished_at)],
      [t("job.expires"), at(job.expires_at)],
      [t("job.onerror"), typeof job.on_error === "number" ? t("job.onerror.share", { share: percent(job.on_error, { fine: true }) }) : t(`job.onerror.${job.on_error}`)],
      [t("job.callback"), job.callback && [known(`job.callback.${job.callback.state}`, job.callback.state), job.callback.last_error && h("small", {}, ` ${job.callback.last_error}`)]],
      [t("job.retryof"), job.retry_of && h("a", { href: `#/jobs/${job.retry_of}` }, job.retry_of)],
    ]));
  }
  return { node: card(t("job.details"), box), see };
}
