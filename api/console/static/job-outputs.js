// How the outputs of a job are distributed, and its kinds of errors; both fill while it runs.

import { call } from "./api.js";
import { histogram, nameBars } from "./charts.js";
import { card, facts, folded, trouble } from "./components.js";
import { fill, h, say } from "./dom.js";
import { count, number, percent } from "./format.js";
import { hasEnded, isPassing, rest } from "./live.js";
import { known, t } from "./messages.js";

// More charts than these are made when they are unfolded: a model may have many outputs.
const SHOWN = 5;
const LABELS = 7;

/** Cards for outputs and errors. `showErrors(kind)` shows the rows with an error of a kind. */
export function outputs(path, signal, showErrors) {
  const first = h("div", { class: "grid job-outputs" }), more = h("div");
  const kinds = errorKinds(path, showErrors);
  const node = h("div", { class: "stack" }, first, more);
  let tiles = null, last = null, job;

  const refresh = atMostEvery(2, signal, async () => {
    last = await call(`${path}/summary`, { signal });
    for (const tile of tiles) if (tile.isShown()) tile.show(last);
    kinds.show(last);
  }, (error) => fill(more, trouble(error)));

  function make() {
    tiles = job.outputs.map((output, at) => (isCounted(output) ? labelTile(output, at) : numberTile(output, at)));
    fill(first, tiles.slice(0, SHOWN).map((tile) => tile.make()), kinds.node);
    const rest = tiles.slice(SHOWN);
    if (!rest.length) return;
    const grid = h("div", { class: "grid job-outputs" });
    const fold = folded(t("job.outputs.more", { n: rest.length, count: count(rest.length) }), grid);
    fold.addEventListener("toggle", () => {
      if (!grid.firstChild) fill(grid, rest.map((tile) => tile.make()));
      if (last) for (const tile of rest) tile.show(last);
    });
    for (const tile of rest) tile.isShown = () => fold.open;
    fill(more, fold);
  }

  function see(now) {
    job = now;
    if (!tiles) make();
    refresh(hasEnded(job));
  }
  return { node, see };
}

const isCounted = (output) => output.type === "string" || output.type === "boolean" || output.meaning === "label";

function numberTile(output, at) {
  const chart = histogram(output.name, []);
  const figures = ["mean", "median", "most", "range"].map((name) => [t(`job.${name}`), h("span", {}, "–")]);
  const note = h("small", { class: "job-note" });
  return {
    isShown: () => true,
    make: () => card(output.name, chart, facts(figures), note),
    show({ outputs }) {
      const found = outputs[at], [mean, median, most, range] = figures.map(([, node]) => node);
      chart.show(found.histogram);
      const between = (from, to) => (from === null || from === undefined ? "–" : `${number(from)} – ${number(to)}`);
      say(mean, number(found.mean));
      say(median, number(found.quantiles["0.5"]));
      say(most, between(found.quantiles["0.05"], found.quantiles["0.95"]));
      say(range, between(found.min, found.max));
      say(note, boundsOf(output, found));
    },
  };
}

function boundsOf(output, { count: n, min, max, absolute_error: absolute, relative_error: relative }) {
  if (!n) return t("job.nothing");
  const bound = absolute !== null ? t("job.bound.absolute", { bound: number(absolute) })
    : relative !== null ? t("job.bound.relative", { bound: percent(Math.ceil(relative * 1000) / 1000, { fine: true }) }) : "";
  const isOutside = output.minimum !== null && output.maximum !== null && (min < output.minimum || max > output.maximum);
  return isOutside ? `${bound} ${t("job.outside")}` : bound;
}

function labelTile(output, at) {
  const top = h("div", { class: "job-labels" }), below = h("div"), note = h("small", { class: "job-note" });
  const fold = folded("", below);
  fold.hidden = true;
  return {
    isShown: () => true,
    make: () => card(output.name, top, fold, note),
    show({ outputs }) {
      const { labels, other, count: n } = outputs[at];
      const items = labels.map(({ value, rows }) => [String(value), rows]);
      if (other) items.push([t("job.labels.other"), other]);
      const all = nameBars(output.name, items), rest = [...all.children].slice(LABELS);
      fill(top, n > 0 && all);
      fold.hidden = rest.length === 0;
      say(fold.firstChild, t("job.labels.more", { n: rest.length, count: count(rest.length) }));
      fill(below, h("ul", { class: "name-bars", "aria-label": output.name }, rest));
      say(note, n ? outputs[at].note ?? "" : t("job.nothing"));
    },
  };
}

function errorKinds(path, showErrors) {
  const list = h("ul", { class: "job-kinds" }), none = h("p", { class: "muted" }, t("job.kinds.none"));
  return {
    node: card(t("job.kinds"), none, list),
    show({ errors }) {
      none.hidden = errors.length > 0;
      const focused = document.activeElement?.dataset.kind;
      fill(list, errors.map(({ kind, rows }) => h("li", {},
        h("a", { href: `#${path}?show=errors&kind=${kind}`, "data-kind": kind, onclick: (event) => {
          event.preventDefault();
          showErrors(kind);
        } }, known(`job.kind.${kind}`, kind)), h("span", { class: "number" }, count(rows)))));
      if (focused) list.querySelector(`[data-kind="${focused}"]`)?.focus();
    },
  };
}

/**
 * A function that calls `work()` now, or when `seconds` have passed since the last time. With
 * `isLast` it waits no longer, and is not called again after that.
 */
function atMostEvery(seconds, signal, work, onError) {
  let isWanted = false, isBusy = false, hurry = new AbortController();
  return async function want(isLast) {
    isWanted = true;
    if (isLast) hurry.abort();
    if (isBusy) return;
    isBusy = true;
    while (isWanted && !signal.aborted) {
      isWanted = false;
      let wait = seconds;
      try {
        await work();
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassing(error)) return onError(error);
        isWanted = true;
        wait = error.retryAfter ?? seconds;
        hurry = new AbortController();
      }
      await rest(wait, AbortSignal.any([signal, hurry.signal])).catch(() => {});
    }
    isBusy = false;
  };
}
