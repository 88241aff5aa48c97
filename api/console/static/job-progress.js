// How far a job is, what holds it up, and the facts about it.

import { bar, card, facts, notice } from "./components.js";
import { fill, h, say, set } from "./dom.js";
import { count, duration, percent, time } from "./format.js";
import { hasEnded } from "./live.js";
import { known, t } from "./messages.js";

// What these sentences of the service say is shown as figures.
const FIGURES = /^(Done: )?[\d,]+ rows (are done|have a score, [\d,]+ an error)\.$/;

/** The card of the progress; `below` comes at its end. */
export function progress(below) {
  const line = bar(t("job.progress")), share = h("strong", { class: "number" });
  const figures = h("dl", { class: "job-figures" }), detail = h("p", { class: "job-detail muted" });
  const node = card(null, h("div", { class: "job-bar" }, line, share), figures, detail, below);
  for (let at = 0; at < 4; at++) figures.append(h("div", {}, h("dt"), h("dd", {}, h("span"), " ", h("small"))));

  function see(job) {
    const { total, completed, failed } = job.rows, done = completed + failed, isOver = hasEnded(job);
    const seconds = isOver ? (Date.parse(job.finished_at) - Date.parse(job.started_at ?? job.created_at)) / 1000 : job.eta_seconds;
    set(node, { "data-state": job.state });
    line.show(job.progress);
    say(share, percent(job.progress));
    [
      ["job.done", count(done), total !== null && total !== done && t("job.total", { n: count(total) })],
      ["job.failed", count(failed), failed > 0 && failed >= done / 1000 && percent(failed / done, { fine: true })],
      ["job.rate", job.rows_per_second ? count(job.rows_per_second) : "–", job.rows_per_second && t("job.persecond")],
      [isOver ? "job.took" : "job.left", seconds === null ? "–" : duration(seconds)],
    ].forEach(([name, value, more], at) => {
      const [label, { children: [first, second] }] = figures.children[at].children;
      say(label, t(name));
      say(first, value);
      say(second, more || "");
    });
    if (job.error) detail.replaceWith(notice("error", job.error));
    else if (!FIGURES.test(job.detail)) say(detail, job.detail);
    else say(detail, isOver ? t("job.kept", { at: time(job.expires_at) }) : t("job.goeson"));
  }
  return { node, see };
}

/** The card of the facts about a job. */
export function details() {
  const box = h("div");
  let shown = "";
  function see(job) {
    const { model, labels, owner, on_error: onError, callback, retry_of: old } = job;
    const times = [job.created_at, job.started_at, job.finished_at, job.expires_at];
    if (shown === (shown = JSON.stringify([times, callback]))) return;
    const [created, started, finished, expires] = times.map((one) => (one ? h("time", { datetime: one }, time(one)) : "–"));
    fill(box, facts([
      [t("job.model"), [h("a", { href: `#/models/${encodeURIComponent(model.name)}` }, model.name), h("small", {}, ` ${model.version}`)]],
      [t("job.owner"), owner],
      [t("job.labels"), Object.keys(labels).length > 0 && Object.entries(labels).map(([key, value]) => h("span", { class: "label" }, `${key}: ${value}`))],
      [t("job.input"), job.input?.addresses.join(", ")], [t("job.output"), job.output?.address],
      [t("job.created"), created], [t("job.started"), started], [t("job.finished"), finished], [t("job.expires"), expires],
      [t("job.onerror"), typeof onError === "number" ? t("job.onerror.share", { share: percent(onError, { fine: true }) }) : t(`job.onerror.${onError}`)],
      [t("job.callback"), callback && [known(`job.callback.${callback.state}`, callback.state), h("small", {}, ` ${callback.last_error ?? ""}`)]],
      [t("job.retryof"), old && h("a", { href: `#/jobs/${old}` }, old)],
    ].filter(([, value]) => value)));
  }
  return { node: card(t("job.details"), box), see };
}
