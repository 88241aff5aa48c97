// How the outputs of a job are distributed, and its kinds of errors; both fill while it runs.

import { call } from "./api.js";
import { histogram, nameBars } from "./charts.js";
import { card, facts, folded, trouble } from "./components.js";
import { fill, h, keyed, say } from "./dom.js";
import { count, number, percent } from "./format.js";
import { isNumber } from "./job-table.js";
import { hasEnded, poll } from "./live.js";
import { known, t } from "./messages.js";

// A model may have many outputs, or labels: more than these are unfolded first.
const OUTPUTS = 5, LABELS = 7;

/** Cards for outputs and errors. `showErrors(kind)` shows the rows with an error of a kind. */
export function outputs(path, signal, showErrors) {
  const first = grid(), more = h("div"), kinds = errorKinds(path, showErrors);
  let job = null, tiles = [], asked = { at: 0 }, shown = null;

  function start() {
    tiles = job.outputs.map((output, at) => (output.meaning === "label" || !isNumber(output) ? labels(output, at) : numbers(output, at)));
    const folds = tiles.splice(OUTPUTS);
    fill(first, tiles.map((tile) => tile.node), kinds.node);
    if (folds.length) {
      const box = grid(...folds.map((tile) => tile.node));
      const fold = folded(t("job.outputs.more", { n: folds.length, count: count(folds.length) }), box);
      tiles.push({ show: (found) => fold.open && folds.forEach((tile) => tile.show(found)) });
      fold.addEventListener("toggle", () => shown && folds.forEach((tile) => tile.show(shown)));
      fill(more, fold);
    }
    poll(refresh, 0.5, signal, (error) => fill(more, trouble(error)));
  }

  // At most every two seconds, and at once when the job has ended.
  async function refresh() {
    const now = job;
    if (now === asked.job || (!hasEnded(now) && Date.now() - asked.at < 2000)) return;
    asked = { at: Date.now() };
    shown = await call(`${path}/summary`, { signal });
    asked.job = now;
    for (const tile of [...tiles, kinds]) tile.show(shown);
    return !hasEnded(now);
  }

  function see(now) {
    const isFirst = !job;
    job = now;
    if (isFirst) start();
  }
  return { node: h("div", { class: "stack" }, first, more), see };
}

const grid = (...cards) => h("div", { class: "grid job-outputs" }, cards);

function numbers(output, at) {
  const chart = histogram(output.name, []), note = h("small");
  const [mean, median, most, range] = Array.from({ length: 4 }, () => h("span", {}, "–"));
  const between = (from, to) => (from === null || from === undefined ? "–" : `${number(from)} – ${number(to)}`);
  return {
    node: card(output.name, chart,
      facts([[t("job.mean"), mean], [t("job.most"), most], [t("job.median"), median], [t("job.range"), range]]), note),
    show({ outputs }) {
      const found = outputs[at], { quantiles, min, max } = found;
      chart.show(found.histogram);
      say(mean, number(found.mean));
      say(median, number(quantiles["0.5"]));
      say(most, between(quantiles["0.05"], quantiles["0.95"]));
      say(range, between(min, max));
      const isOutside = output.minimum !== null && (min < output.minimum || max > output.maximum);
      say(note, `${boundOf(found)} ${isOutside ? t("job.outside") : ""}`);
    },
  };
}

function boundOf({ count: n, absolute_error: absolute, relative_error: relative }) {
  if (!n) return t("job.nothing");
  if (absolute !== null) return t("job.bound.absolute", { bound: number(absolute) });
  return t("job.bound.relative", { bound: percent(Math.ceil(relative * 1000) / 1000, { fine: true }) });
}

function labels(output, at) {
  const top = h("div", { class: "job-labels" }), below = h("div"), fold = folded("", below), note = h("small");
  fold.hidden = true;
  return {
    node: card(output.name, top, fold, note),
    show({ outputs }) {
      const { labels: named, other, count: n, note: why } = outputs[at];
      const items = named.map(({ value, rows }) => [String(value), rows]);
      if (other) items.push([t("job.labels.other"), other]);
      const all = nameBars(output.name, items), rest = [...all.children].slice(LABELS);
      fill(top, n > 0 && all);
      fill(below, h("ul", { class: "name-bars", "aria-label": output.name }, rest));
      fold.hidden = rest.length === 0;
      say(fold.firstChild, t("job.labels.more", { count: count(rest.length) }));
      say(note, n ? why ?? "" : t("job.nothing"));
    },
  };
}

function errorKinds(path, showErrors) {
  const list = h("ul", { class: "job-kinds" }), none = h("p", { class: "muted", hidden: true }, t("job.kinds.none"));
  return {
    node: card(t("job.kinds"), none, list),
    show({ errors, rows }) {
      none.hidden = errors.length > 0 || rows.completed === 0;
      keyed(list, errors, ({ kind }) => kind, ({ kind }) => {
        const link = h("a", { href: `#${path}?show=errors&kind=${kind}`, onclick: (event) => {
          event.preventDefault();
          showErrors(kind);
        } }, known(`job.kind.${kind}`, kind));
        const rows = h("span", { class: "number" });
        return Object.assign(h("li", {}, link, rows), { update: (one) => say(rows, count(one.rows)) });
      });
    },
  };
}
