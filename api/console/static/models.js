// The models: all of them, and one.

import { call } from "./api.js";
import { empty, heading, notice, trouble, waiting } from "./components.js";
import { fill, h, keyed } from "./dom.js";
import { count } from "./format.js";
import { poll } from "./live.js";
import { t } from "./messages.js";
import { modelPage, served } from "./model.js";

/** Seconds between two looks. */
const PERIOD = 5;

/** How many names of columns a card has. */
const MOST_NAMES = 3;

/** The page of all models, or of the one that the address names. */
export function models({ params: [name], signal, who }) {
  const title = name ?? t("nav.models");
  // At once, because a page that is opened focuses its heading.
  const beside = h("div", { class: "beside" });
  const content = h("div", { class: "models-page" });
  const grid = h("div", { class: "grid" });
  const failures = h("div", { class: "stack" });
  let shown;

  const look = async () => {
    const found = await call("/models", { signal });
    if (name !== undefined) return showOne(found);
    // A worker that starts announces its models after some seconds.
    if (!found.models.length) fill(content, empty(t("models.none.title"), t("models.none.text")), failures);
    else if (!grid.isConnected) fill(content, grid, failures);
    keyed(grid, found.models.map((one) => [one, aliasesOf(one, found.versions)]), JSON.stringify, cardOf);
    keyed(failures, found.failed, JSON.stringify, failureOf);
  };
  const begin = () => {
    fill(content, waiting());
    poll(look, PERIOD, signal, (error) => fill(content, trouble(error, begin)));
  };
  begin();
  return { title, node: [heading(title, beside), content] };

  // The page of one model stays as it is: a person may be typing into it.
  function showOne({ models: all, versions, failed }) {
    const model = all.find((one) => one.name === name), own = versions.filter((one) => one.name === name);
    if (shown && model?.version === shown.model.version) return shown.update(model, own);
    shown = model && modelPage(model, { signal, who });
    shown?.update(model, own);
    fill(beside, shown?.beside ?? null);
    fill(content, shown?.node ?? [failed.filter((one) => one.name === name).map(failureOf),
      empty(t("model.missing"), t("model.missing.text"), h("a", { class: "button", href: "#/models" }, t("nav.models")))]);
  }
}

// The aliases of each version of a model.
const aliasesOf = ({ name }, versions) => versions.filter((one) => one.name === name).map((one) => one.aliases);

function cardOf([model, versions]) {
  const aliases = versions.flat().sort().join(", "), n = versions.length;
  return h("article", { class: "card model-card" },
    h("div", { class: "heading" }, h("h2", {}, h("a", { href: `#/models/${encodeURIComponent(model.name)}` }, model.name)),
      model.default && h("span", { class: "chip" }, t("models.default"))),
    h("p", { class: "muted said-of" }, model.description || t("models.undescribed")),
    h("dl", {}, [
      [t("models.takes"), namesOf(model.inputs)],
      [t("models.gives"), namesOf(model.outputs)],
      [t("models.speed"), t("models.rate", { rate: count(model.rows_per_second) })],
      [t("models.version"), h("span", {}, h("code", {}, model.version), ` · ${model.format}`)],
      (n > 1 || aliases) && [t("models.versions"), `${t("models.versions.n", { n, count: count(n) })}${aliases && `: ${aliases}`}`],
    ].filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])), served(model));
}

const failureOf = ({ name, reason }) => notice("error", h("strong", {}, t("models.failed", { name })), h("p", {}, reason));

function namesOf(columns) {
  const names = columns.slice(0, MOST_NAMES).map((one) => one.name).join(", ");
  const n = columns.length - MOST_NAMES;
  return n > 0 ? t("models.others", { names, n, count: count(n) }) : names;
}
