// Charts as SVG. Each has a text for people who do not see it.

import { h, svg } from "./dom.js";
import { compact, count, number, ratio } from "./format.js";
import { t } from "./messages.js";

/**
 * A histogram. `bins` are `{from, to, rows}` in order; the bars fill as rows come, so a chart has
 * the method `show(bins)`, which moves its bars.
 */
export function histogram(label, bins) {
  const width = 400, height = 100;
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" });
  const ticks = h("div", { class: "ticks", "aria-hidden": "true" });
  const node = h("figure", { class: "histogram" }, chart, ticks);
  let shape = "";
  node.show = (now) => {
    const most = Math.max(1, ...now.map((bin) => bin.rows));
    const each = width / Math.max(1, now.length);
    const limits = now.map((bin) => bin.from).join();
    if (limits !== shape) {
      shape = limits;
      chart.replaceChildren(...now.map((bin, at) =>
        svg("rect", { x: at * each + 1, width: Math.max(1, each - 2), y: height, height: 0 }, svg("title", {}))));
      ticks.replaceChildren(...ticksOf(now).map(([at, text]) => {
        const tick = h("span", { class: at === 0 ? "first" : at === 1 ? "last" : null }, text);
        tick.style.insetInlineStart = `${at * 100}%`;
        return tick;
      }));
    }
    now.forEach((bin, at) => {
      const tall = bin.rows === 0 ? 0 : Math.max(1.5, (bin.rows / most) * height);
      const rect = chart.children[at];
      rect.setAttribute("y", height - tall);
      rect.setAttribute("height", tall);
      rect.firstChild.textContent = t("chart.bin", { from: number(bin.from), to: number(bin.to), count: count(bin.rows), n: bin.rows });
    });
    const top = now.reduce((one, bin) => (bin.rows > one.rows ? bin : one), { rows: -1 });
    chart.setAttribute("aria-label", top.rows > 0
      ? `${label}. ${t("chart.most", { from: number(top.from), to: number(top.to), count: count(top.rows), n: top.rows })}`
      : `${label}. ${t("chart.nothing")}`);
  };
  node.show(bins);
  return node;
}

/** Bars of values by name, such as labels: `items` are `[name, rows]`. */
export function nameBars(label, items) {
  const all = Math.max(1, items.reduce((sum, [, n]) => sum + n, 0));
  const most = Math.max(1, ...items.map(([, n]) => n));
  return h("ul", { class: "name-bars", "aria-label": label }, items.map(([name, n]) => {
    const filled = h("span", { class: "filled" });
    filled.style.inlineSize = `${(n / most) * 100}%`;
    return h("li", {}, h("span", { class: "name" }, name), h("span", { class: "track" }, filled),
      h("span", { class: "value" }, `${count(n)} · ${ratio(Math.round((n / all) * 100) / 100)}`));
  }));
}

/**
 * A line over time. `points` are `[milliseconds, value or null]`; null is a gap. `text(value)`
 * writes a value; `most` is the top of the scale if it is known.
 */
export function line(label, points, { text = compact, from, to, most } = {}) {
  const width = 300, height = 64;
  const known = points.filter(([, value]) => value !== null);
  const top = most ?? Math.max(1e-9, ...known.map(([, value]) => value)) * 1.1;
  const first = from ?? points[0]?.[0] ?? 0, last = to ?? points.at(-1)?.[0] ?? 1;
  const x = (at) => (((at - first) / Math.max(1, last - first)) * width).toFixed(1);
  const y = (value) => (height - 2 - (value / top) * (height - 6)).toFixed(1);
  let d = "", area = "", run = [];
  for (const point of [...points, [0, null]]) {
    if (point[1] !== null) run.push(point);
    else if (run.length) {
      const path = run.map(([at, value]) => `${x(at)} ${y(value)}`).join("L");
      d += `M${path}`;
      area += `M${x(run[0][0])} ${height}L${path}L${x(run.at(-1)[0])} ${height}Z`;
      run = [];
    }
  }
  const now = known.length ? text(known.at(-1)[1]) : "–";
  return h("figure", { class: "line" }, h("figcaption", {}, h("span", {}, label), h("strong", {}, now)),
    svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", preserveAspectRatio: "none",
      "aria-label": known.length ? t("chart.line", { label, now, most: text(Math.max(...known.map(([, value]) => value))) }) : `${label}. ${t("chart.nothing")}` },
    svg("path", { class: "axis", d: `M0 ${height - 0.5}H${width}` }), svg("path", { class: "area", d: area }), svg("path", { class: "stroke", d })));
}

// Where the limits of bins are written: at both ends, and at fifths if their texts are short.
function ticksOf(bins) {
  if (!bins.length) return [];
  const limits = [...bins.map((bin) => bin.from), bins.at(-1).to];
  const last = limits.length - 1, step = last > 7 ? Math.ceil(last / 5) : 1;
  const texts = limits.map((limit, at) => [at / last, number(limit), at])
    .filter(([place, , at]) => place === 1 || (at % step === 0 && last - at >= step));
  return texts.every(([, text]) => text.length < 5) ? texts : [texts[0], texts.at(-1)];
}
