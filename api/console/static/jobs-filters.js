// The filters of the list of jobs. They are in the address, so that a bookmark keeps them.

import { choice, field, folded } from "./components.js";
import { fill, h, set } from "./dom.js";
import { known, t } from "./messages.js";

const STATES = ["queued", "running", "succeeded", "failed", "cancelled"];
const SECONDS = { hour: 3600, day: 86400, week: 604800 };

/** The query of `GET /jobs` that filters mean at this moment. */
export function searchOf(filters) {
  const span = SECONDS[filters.get("time")];
  const isOwn = filters.get("time") === "own";
  return {
    state: filters.getAll("state").join(","),
    label: filters.getAll("label").map((one) => (one.includes(":") ? one : `file:${one}`)),
    model: filters.get("model"),
    owner: filters.get("owner"),
    created_after: span ? utc(Date.now() - span * 1000) : isOwn ? utc(filters.get("from")) : null,
    created_before: isOwn ? utc(filters.get("to")) : null,
  };
}

/**
 * A form of the filters in an address; `onChange(filters)` gets others. Its method `suggest(jobs,
 * models)` offers what these jobs and models have.
 */
export function filterForm(filters, withOwner, onChange) {
  const seen = { label: new Set(), owner: new Set(), model: new Set(["", filters.get("model") ?? ""]) };
  const lists = { label: h("datalist", { id: "labels-seen" }), owner: h("datalist", { id: "owners-seen" }) };
  const time = filters.get("time") ?? "";
  const model = named("model", choice([], ""));
  const range = [["from", t("jobs.from")], ["to", t("jobs.to")]].map(([name, label]) =>
    field(label, named(name, h("input", { type: "datetime-local", value: filters.get(name) ?? "" }))));
  const period = named("time", choice(["", "hour", "day", "week", "own"].map((one) => [one, t(`jobs.time.${one}`)]), time));
  const texts = h("div", { class: "fields" },
    field(t("jobs.label"), named("label", h("input", { list: "labels-seen", placeholder: t("jobs.label.example"),
      autocomplete: "off", value: filters.getAll("label").join(", ") }))),
    field(t("jobs.model"), model), field(t("jobs.time"), period), range,
    withOwner && field(t("jobs.owner"), named("owner", h("input", { list: "owners-seen", autocomplete: "off",
      value: filters.get("owner") ?? "" }))), lists.label, lists.owner);
  const clear = h("a", { class: "button quiet", href: "#/jobs", hidden: filters.size === 0 }, t("jobs.clear"));
  const form = h("form", { class: "stack", onsubmit: (event) => event.preventDefault(), onchange: () => {
    showRange();
    const chosen = read();
    clear.hidden = chosen.size === 0;
    onChange(chosen);
  } }, h("fieldset", { class: "states" }, h("legend", { class: "unseen" }, t("jobs.state")), STATES.map((state) =>
    h("label", { class: "pill" }, named("state", h("input", { type: "checkbox", value: state,
      checked: filters.getAll("state").join().split(",").includes(state) })), known(`state.${state}`, state))), clear), texts);
  showRange();
  offer();
  const node = folded(t("jobs.filters"), form);
  node.classList.add("filters");
  node.open = innerWidth > 800 || filters.size > 0;
  node.suggest = (jobs, models = []) => {
    const before = Object.values(seen).map((one) => one.size).join();
    for (const one of models) seen.model.add(one.name).add(`${one.name}@${one.version}`);
    for (const job of jobs) {
      seen.model.add(job.model.name).add(`${job.model.name}@${job.model.version}`);
      if (job.owner) seen.owner.add(job.owner);
      for (const [name, value] of Object.entries(job.labels)) seen.label.add(`${name}:${value}`);
    }
    if (Object.values(seen).map((one) => one.size).join() !== before) offer();
  };
  return node;

  function offer() {
    const chosen = model.value || filters.get("model") || "";
    fill(model, [...seen.model].sort().map((one) => h("option", { value: one }, one || t("jobs.model.any"))));
    model.value = chosen;
    for (const [name, list] of Object.entries(lists)) fill(list, [...seen[name]].sort().map((value) => h("option", { value })));
  }

  function read() {
    const pairs = [...new FormData(form)].flatMap(([name, value]) =>
      // A value may have a comma: so only one before another `key:` divides labels.
      (name === "label" ? value.split(/,\s*(?=[\w./-]+:)/) : [value]).map((one) => [name, one.trim()]));
    return new URLSearchParams(pairs.filter(([, value]) => value));
  }

  function showRange() {
    for (const one of range) {
      one.hidden = period.value !== "own";
      one.lastChild.disabled = one.hidden;
    }
  }
}

const named = (name, input) => set(input, { name });

// The time of a browser's clock or a field as RFC 3339; null where there is none.
function utc(value) {
  const at = new Date(value ?? NaN);
  return isNaN(at) ? null : at.toISOString();
}
