// The page "Service": whether all is well, for those who run it.

import { call } from "./api.js";
import { card, facts, folded, heading, notice, table, trouble, waiting } from "./components.js";
import { line } from "./charts.js";
import { fill, h } from "./dom.js";
import { ago, bytes, compact, count, duration, percent, time } from "./format.js";
import { poll } from "./live.js";
import { known, t } from "./messages.js";

const SECONDS = 5;

/** The service now and in the last minutes: findings, charts, models, workers, errors. */
export function service({ signal }) {
  const parts = { findings: h("div", { class: "stack findings" }), charts: h("div", { class: "charts" }),
    now: h("div"), room: h("div", { class: "meters" }), models: h("div"), workers: h("div"), errors: h("div") };
  const node = h("div", { class: "service" });
  const shown = [parts.findings,
    card(t("service.charts"), parts.charts),
    h("div", { class: "grid" }, card(t("service.now"), parts.now), card(t("service.room"), parts.room)),
    card(t("service.models"), parts.models), card(t("service.workers"), parts.workers),
    card(t("service.errors"), parts.errors)];
  fill(node, waiting());
  poll(async () => {
    const [state, { workers }] = await Promise.all([call("/service", { signal }), call("/workers", { signal })]);
    if (node.firstChild !== shown[0]) fill(node, shown);
    show(parts, state, workers);
  }, SECONDS, signal, (error) => fill(node, trouble(error)));
  return { title: t("nav.service"), node: [heading(t("nav.service")), node] };
}

function show(parts, state, workers) {
  unlessSame(parts.findings, state.findings, findings);
  fill(parts.charts, charts(state));
  fill(parts.now, nowFacts(state.now));
  fill(parts.room, meters(state.now));
  unlessSame(parts.models, state.now.models, models);
  unlessSame(parts.workers, workers, workersTable);
  unlessSame(parts.errors, state.errors ?? [], errors);
}

// A table that did not change stays, with its place of scrolling and what a person marked in it.
function unlessSame(node, data, make) {
  const text = JSON.stringify(data);
  if (node.shownData !== text) fill(node, make(data));
  node.shownData = text;
}

function findings(found) {
  const bad = found.filter((one) => one.level !== "fine");
  const shown = bad.map((one) => notice(one.level === "fault" ? "error" : "warning", h("strong", {}, one.message), h("p", {}, one.advice)));
  return [shown.length ? shown : notice("good", h("strong", {}, t("service.well"))),
    folded(t("service.checked"), h("ul", { class: "fine" }, found.filter((one) => one.level === "fine").map((one) => h("li", {}, one.message))))];
}

function charts({ time: now, history }) {
  const to = Date.parse(now), from = to - history.seconds * 1000;
  const curve = (name, label, text, most) => line(label, pointsOf(history, name), { text, from, to, most });
  const rate = (n) => t("service.perSecond", { n: compact(n) });
  return [curve("rows_per_second", t("service.rate"), rate), curve("waiting_rows", t("service.waitingRows"), compact),
    curve("waiting_jobs", t("service.waitingJobs"), compact), curve("worker_memory", t("service.workerMemory"), bytes),
    curve("redis_memory", t("service.redisMemory"), bytes), curve("disk_free", t("service.diskFree"), bytes)];
}

// A gap, in which no worker lived, breaks the line.
function pointsOf({ samples, gaps }, name) {
  const points = samples.map((one) => [Date.parse(one.time), one[name]]);
  for (const { start } of gaps) points.push([Date.parse(start) + 1, null]);
  return points.sort(([one], [other]) => one - other);
}

function nowFacts(now) {
  const releases = new Set([now.releases.api, ...Object.keys(now.releases.workers)]);
  const { bulk, small } = now.jobs;
  return facts([
    [t("service.workers"), count(now.workers)],
    [t("service.processes"), count(now.processes)],
    [t("service.rate"), now.rows_per_second === null ? null : t("service.perSecond", { n: compact(now.rows_per_second) })],
    [t("service.jobsBulk"), t("service.jobsValue", bulk)],
    [t("service.jobsSmall"), t("service.jobsValue", small)],
    [t("service.rowsNow"), t("service.rowsValue", { waiting: count(now.waiting_rows), running: count(now.running_rows) })],
    [t("service.age"), duration(now.queue_age_seconds)],
    [t("service.release"), [...releases].join(", ")],
  ]);
}

/** How full memory, disk and limits are. */
function meters({ memory, disk, limits }) {
  const full = ({ used, most }) => most !== null && used / most > 0.8;
  const size = ({ used, most }) => (most === null ? bytes(used) : t("service.of", { used: bytes(used), most: bytes(most) }));
  const rows = Object.entries(memory).filter(([, one]) => one).map(([name, one]) => [known(`service.memory.${name}`, name), one, full(one), size(one)]);
  if (disk) {
    const used = { used: disk.total - disk.free, most: disk.total };
    rows.push([t("service.disk"), used, full(used), t("service.free", { free: bytes(disk.free), total: bytes(disk.total) })]);
  }
  for (const one of limits.filter((limit) => limit.near)) {
    rows.push([one.limit, one, true, t("service.of", { used: compact(one.used), most: compact(one.most) })]);
  }
  return rows.map(([name, { used: part, most }, isFull, text]) => {
    const filled = h("span", { class: "filled" });
    filled.style.inlineSize = most ? percent(Math.min(1, part / most)).replace(/\s/g, "") : "0";
    return h("div", { class: "meter", "data-full": isFull }, h("span", {}, name, isFull && h("strong", {}, ` ${t("service.full")}`)),
      h("span", { class: "muted" }, text), h("div", { class: "bar" }, filled));
  });
}

function models(found) {
  const columns = [t("service.model"), ...["processes", "waitingRows", "runningRows", "running", "waiting"]
    .map((name) => ({ text: t(`service.${name}`), class: "number" }))];
  return table(t("service.models"), columns, found.map((one) => [
    h("a", { href: `#/models/${encodeURIComponent(one.model.split("@")[0])}` }, one.model), count(one.processes),
    count(one.waiting_rows), count(one.running_rows), count(one.jobs.bulk.running + one.jobs.small.running),
    count(one.jobs.bulk.waiting + one.jobs.small.waiting)]));
}

function workersTable(found) {
  if (!found.length) return h("p", { class: "muted" }, t("service.noWorker"));
  const columns = [t("service.worker"), t("service.release"), { text: t("service.processes"), class: "number" },
    { text: t("service.memory"), class: "number" }, { text: t("service.rowsScored"), class: "number" }, t("service.started")];
  return table(t("service.workers"), columns, found.map((one) => [
    [one.name, h("br"), h("small", {}, one.models.join(", ")),
      Object.entries(one.failed).map(([name, reason]) => h("p", { class: "bad" }, `${name}: ${reason}`))],
    one.release, count(one.processes.length), bytes(one.memory), count(one.rows),
    h("time", { datetime: one.started_at }, ago(one.started_at))]));
}

function errors(found) {
  if (!found.length) return h("p", { class: "muted" }, t("service.noErrors"));
  return table(t("service.errors"), [t("service.last"), t("service.program"), t("service.message"), { text: t("service.times"), class: "number" }],
    found.map((one) => [h("time", { datetime: one.last }, time(one.last)), one.program,
      [h("span", { class: `level ${one.level}` }, known(`service.level.${one.level}`, one.level)), " ", one.message], count(one.count)]),
    { className: "errors" });
}
