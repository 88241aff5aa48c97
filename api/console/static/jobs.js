// The list of jobs: filtered, live, and with actions for many of them.

import { call, withQuery } from "./api.js";
import { button, empty, heading, trouble } from "./components.js";
import { fill, h, keyed, say } from "./dom.js";
import { time } from "./format.js";
import { bulkBar } from "./jobs-bulk.js";
import { filterForm, searchOf } from "./jobs-filters.js";
import { COLUMNS, jobRow } from "./jobs-rows.js";
import { JobSearch, madeAt, PAGE } from "./jobs-search.js";
import { hasEnded, poll, rest } from "./live.js";
import { t } from "./messages.js";

/** Seconds between two looks at the first page. */
const PERIOD = 2;

/** The list of jobs; its filters are in the address. */
export function jobs({ query, signal, who }) {
  const newJob = () => who.scopes.includes("submit") && h("a", { class: "button primary", href: "#/new" }, t("nav.new"));
  const withOwner = who.needs_key && who.scopes.includes("admin");
  const picked = new Set();
  let filters = query, search, run = new AbortController(), last = null, later = 0, isLoading, isScrolling, shownEmpty;

  const form = filterForm(filters, withOwner, (chosen) => {
    filters = chosen;
    const values = Object.fromEntries([...filters.keys()].map((name) => [name, filters.getAll(name)]));
    history.pushState(null, "", withQuery("#/jobs", values));
    begin();
  });
  const all = h("input", { type: "checkbox", onclick: () => pick([...search.jobs.keys()], all.checked) });
  const rows = h("div");
  const list = h("div", { role: "table", hidden: true, tabindex: "-1", "aria-label": t("nav.jobs"), class: withOwner ? "list with-owner" : "list" },
    h("div", { role: "rowgroup" }, h("div", { role: "row", class: "row head" }, h("div", { role: "columnheader", class: "at-pick" },
      h("label", { class: "check" }, all, h("span", { class: "unseen" }, t("jobs.pick.all")))),
      COLUMNS.map((name) => h("div", { role: "columnheader", class: `at-${name}` }, t(`jobs.${name}`))))), rows);
  const fresh = button("", showNew, { kind: "primary", hidden: true });
  const nothing = h("div");
  const note = h("p", { class: "muted" });
  const further = button("", () => {
    isScrolling = true;
    more();
  });
  const failure = h("div");
  const below = h("div", { class: "more" }, note, further, failure);
  const bulk = bulkBar({ who, signal, onDone, onEnd: show, onClear: () => pick([...picked], false) });
  const near = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && isScrolling && search.isFull && more(), { rootMargin: "900px" });
  near.observe(below);
  signal.addEventListener("abort", () => near.disconnect());

  call("/models", { signal }).then(({ models }) => form.suggest([], models)).catch(() => {});
  begin();
  return { title: t("nav.jobs"), node: h("div", { class: "jobs" }, heading(t("nav.jobs"), newJob()), form,
    h("div", { class: "box" }, h("div", { class: "fresh", role: "status" }, fresh), list, nothing, below), bulk) };

  /** Start the search of the filters. */
  function begin() {
    run.abort();
    run = new AbortController();
    const either = AbortSignal.any([signal, run.signal]);
    search = new JobSearch(() => searchOf(filters), either);
    picked.clear();
    isLoading = isScrolling = false;
    fill(failure);
    further.hidden = true;
    say(note, t("jobs.loading"));
    list.setAttribute("aria-busy", "true");
    poll(look, PERIOD, either, fail);
  }

  function fail(error) {
    isLoading = false;
    list.hidden = search.jobs.size === 0;
    further.hidden = true;
    say(note, "");
    fill(failure, trouble(error, begin));
  }

  /** Look at what has changed. */
  async function look() {
    const now = search, begin = performance.now();
    if (now.next === undefined) await now.more();
    else {
      const after = beforeSeen();
      await now.refresh(undefined, isHeld());
      // Jobs after the first page change too.
      if (after && now.sorted.slice(PAGE).some((job) => !hasEnded(job))) await now.refresh(after, true);
    }
    if (now === search) show();
    // A search that the service takes long for is repeated less often.
    await rest(((performance.now() - begin) / 1000) * 2, now.signal);
  }

  async function more() {
    const now = search;
    if (isLoading || now.next === null) return;
    isLoading = true;
    say(note, t("jobs.loading"));
    try {
      await now.more();
    } catch (error) {
      if (now === search && !signal.aborted) fail(error);
      return;
    }
    if (now !== search) return;
    isLoading = false;
    show();
    // An observer tells of changes alone: so it is asked again whether the end is still near.
    near.unobserve(below);
    near.observe(below);
  }

  function show() {
    const found = search.sorted;
    for (const id of picked) if (!search.jobs.has(id)) picked.delete(id);
    keyed(rows, search.groups, ([key]) => key, groupOf);
    list.removeAttribute("aria-busy");
    list.hidden = found.length === 0;
    const isMore = search.next !== null;
    const kind = found.length || isMore ? "" : filters.size ? "filtered" : "none";
    if (kind !== shownEmpty) fill(nothing, nothingOf((shownEmpty = kind)));
    further.hidden = !isMore;
    say(further, t(search.isFull ? "jobs.more" : "jobs.further"));
    if (!isLoading) say(note, !isMore || search.isFull ? "" : t("jobs.searched", { time: time(madeAt(search.next)) }));
    const n = search.waiting.size;
    fresh.hidden = n === 0;
    if (n) say(fresh, t("jobs.new", { n, count: search.restart ? `${n}+` : n }));
    form.suggest(found);
    showPicked();
  }

  function groupOf() {
    const group = h("div", { role: "rowgroup", class: "group" });
    group.update = ([, found]) => keyed(group, found, (job) => job.id, (job) => {
      const row = jobRow(job, onPick);
      row.pick(picked.has(job.id));
      return row;
    });
    return group;
  }

  function nothingOf(kind) {
    if (kind === "filtered") return empty(t("jobs.nothing"), t("jobs.nothing.text"), h("a", { class: "button", href: "#/jobs" }, t("jobs.clear")));
    if (kind === "none") return empty(t("jobs.none.title"), t("jobs.none.text"), newJob());
    return null;
  }

  function showNew() {
    search.showWaiting();
    show();
    list.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  // Whether another row would move what a person reads or picks.
  function isHeld() {
    return picked.size > 0 || scrollY > 200 || rows.contains(document.activeElement);
  }

  /** The id of the job before the first one that is seen; undefined at the top of the list. */
  function beforeSeen() {
    const box = list.getBoundingClientRect();
    const row = document.elementFromPoint(box.left + box.width / 2, Math.max(box.top, 0) + 140)?.closest(".row");
    const seen = search.sorted.findIndex((job) => row?.id === `job-${job.id}`);
    return search.sorted[seen - 1]?.id;
  }

  function onPick(id, event) {
    const ids = search.sorted.map((job) => job.id);
    const ends = [ids.indexOf(event.shiftKey && search.jobs.has(last) ? last : id), ids.indexOf(id)];
    pick(ids.slice(Math.min(...ends), Math.max(...ends) + 1), !picked.has(id));
    last = id;
  }

  function pick(ids, isPicked) {
    for (const id of ids) {
      picked[isPicked ? "add" : "delete"](id);
      document.getElementById(`job-${id}`)?.pick(isPicked);
    }
    showPicked();
  }

  function showPicked() {
    all.checked = picked.size > 0 && picked.size === search.jobs.size;
    all.indeterminate = picked.size > 0 && !all.checked;
    bulk.show([...picked].map((id) => search.jobs.get(id)));
  }

  /** A job was cancelled, repeated, downloaded or deleted. */
  function onDone(id, action, answer) {
    if (action === "delete") search.jobs.delete(id);
    else if (action === "cancel" && search.jobs.has(id)) search.jobs.set(id, answer);
    picked.delete(id);
    document.getElementById(`job-${id}`)?.pick(false);
    // Several at a time: the rows are shown once.
    cancelAnimationFrame(later);
    later = requestAnimationFrame(show);
  }
}
