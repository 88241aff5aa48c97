// A row of the list of jobs.

import { badge, bar } from "./components.js";
import { fill, h, say, set } from "./dom.js";
import { ago, count, duration, percent, time } from "./format.js";
import { nameOf, shortId } from "./job-name.js";
import { hasEnded } from "./live.js";
import { t } from "./messages.js";

/** The columns, in order. */
export const COLUMNS = ["state", "job", "model", "rows", "errors", "owner", "created", "duration"];

/** A row. `onPick(id, event)` is called if its box is clicked; `update(job)` shows another state. */
export function jobRow({ id, created_at, labels, model, owner }, onPick) {
  const box = h("input", { type: "checkbox", "aria-label": t("jobs.pick", { name: nameOf({ id, labels }) }),
    onclick: (event) => onPick(id, event) });
  const age = h("span", { "aria-hidden": "true" });
  const cells = Object.fromEntries(COLUMNS.map((name) => [name, h("div", { role: "cell", class: `at-${name}`, "data-name": t(`jobs.${name}`) })]));
  const progress = bar(t("jobs.progress"));
  const done = h("small");
  const running = h("div", { class: "running" }, progress, done);
  const chips = Object.entries(labels).filter(([name]) => name !== "name" && name !== "file")
    .map(([name, value]) => h("span", { class: "chip" }, `${name}: ${value}`));
  fill(cells.job, h("a", { href: `#/jobs/${id}` }, nameOf({ id, labels })),
    h("div", { class: "below" }, nameOf({ id, labels }) !== shortId(id) && h("code", {}, shortId(id)), chips));
  fill(cells.model, model.name, h("div", { class: "below" }, h("code", {}, model.version)));
  fill(cells.owner, owner);
  fill(cells.created, h("time", { datetime: created_at, title: time(created_at) }, age, h("span", { class: "unseen" }, time(created_at))));
  const row = h("div", { role: "row", class: "row" }, h("div", { role: "cell", class: "at-pick" }, box), Object.values(cells));
  let shown = {};
  row.update = (job) => {
    say(age, ago(created_at));
    if (job !== shown) show(job);
  };
  row.pick = (isPicked) => {
    box.checked = isPicked;
    row.toggleAttribute("data-picked", isPicked);
  };
  row.id = `job-${id}`;
  return row;

  function show(job) {
    if (job.state !== shown.state) fill(cells.state, badge(job.state), !hasEnded(job) && running);
    if (!hasEnded(job)) {
      progress.show(job.state === "queued" ? 0 : job.progress);
      say(done, job.state === "queued" ? "" : percent(job.progress));
    }
    say(cells.rows, job.rows.total === null ? "–" : count(job.rows.total));
    say(cells.errors, count(job.rows.failed));
    set(cells.errors, { "data-some": job.rows.failed > 0 });
    say(cells.duration, job.started_at ? duration((Date.parse(job.finished_at ?? new Date()) - Date.parse(job.started_at)) / 1000) : "–");
    shown = job;
  }
}
