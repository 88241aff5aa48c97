// The versions of a model: what their names mean, and for admins what each gets and how its rows look.

import { call } from "./api.js";
import { card, table, trouble } from "./components.js";
import { fill, h } from "./dom.js";
import { count, ratio } from "./format.js";
import { poll } from "./live.js";
import { known, t } from "./messages.js";

/** Seconds between two looks at what only admins see: the answers add up a day. */
const PERIOD = 60;

/** The card with the versions of a model, `see(versions)` shows them. */
export function versions(name, { signal, who }) {
  const node = h("div"), said = h("div"), day = { shares: null, rows: null, drift: {} };
  const seesAll = who.scopes.includes("admin");
  let all = [], shown = "";

  function see(found) {
    const isFirst = !all.length;
    // Not the others, which change with every row: the table would lose the focus.
    all = found.map(({ version, aliases, current, processes }) => ({ version, aliases, current, processes }));
    if (isFirst && all.length && seesAll) begin();
    show();
  }

  function begin() {
    fill(said);
    poll(ask, PERIOD, signal, (error) => fill(said, trouble(error, begin)));
  }

  async function ask() {
    const today = new Date().toISOString().slice(0, 10), path = `/models/${encodeURIComponent(name)}`;
    const asked = [call(`${path}/traffic`, { signal }), call("/usage", { query: { by: "model", from: today, to: today }, signal })];
    const [shares, { usage }] = await Promise.all(asked);
    for (const { version } of all) day.drift[version] = await driftNow(`${path}@${version}/drift`);
    day.rows = Object.fromEntries(usage.map(({ model, rows }) => [model, rows]));
    day.shares = shares;
    show();
  }

  // Null for a version that is gone since the last look at all.
  const driftNow = (path) => call(path, { signal }).catch((error) => {
    if (error.status === 422) return null;
    throw error;
  });

  function show() {
    const now = JSON.stringify([all, day]);
    if (shown === (shown = now)) return;
    const columns = [t("models.version"), t("versions.aliases"), t("versions.processes")];
    if (seesAll) columns.push(t("versions.share"), { text: t("versions.rows"), class: "number" }, t("versions.drift"));
    fill(node, all.length > 0 && card(t("versions.title"), table(t("versions.title"), columns, all.map(rowOf)), said));
  }

  function rowOf(one) {
    const link = h("a", { href: `#/jobs?${new URLSearchParams({ model: `${name}@${one.version}` })}` }, h("code", {}, one.version));
    const cells = [
      [link, one.current && h("small", {}, ` ${t("versions.current")}`)],
      one.aliases.map((alias) => h("span", { class: "chip" }, alias)),
      count(one.processes),
    ];
    return seesAll ? [...cells, shareOf(one), day.rows ? count(day.rows[`${name}@${one.version}`] ?? 0) : "–", driftOf(day.drift[one.version])] : cells;
  }

  // The share of the requests that name the model alone; and of the jobs that it scores besides.
  function shareOf({ version, current }) {
    if (!day.shares) return "–";
    const { challenger, canary, shadow } = day.shares, gives = challenger && challenger !== version;
    if (current) return ratio(gives ? 1 - canary : 1);
    if (version !== challenger) return "–";
    return shadow ? t("versions.shadow", { canary: ratio(canary), shadow: ratio(shadow) }) : ratio(canary);
  }

  function driftOf(found) {
    if (!found) return "–";
    if (!found.verdict) return h("small", {}, found.note);
    const worst = found.columns.filter((one) => one.verdict === found.verdict && found.verdict !== "stable");
    const names = [...new Set(worst.map((one) => (one.aspect === "value" ? one.name : `${one.name}: ${known(`aspect.${one.aspect}`, one.aspect)}`)))];
    return [known(`drift.${found.verdict}`, found.verdict), names.length > 0 && h("small", {}, ` (${names.join(", ")})`)];
  }

  return { node, see };
}
