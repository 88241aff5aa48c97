// The rows of a job by page: all of them, those with an error, or those that a search finds.

import { call, withQuery } from "./api.js";
import { button, card, scroller, trouble } from "./components.js";
import { fill, h, say } from "./dom.js";
import { count } from "./format.js";
import { rowTable } from "./job-table.js";
import { hasEnded } from "./live.js";
import { known, t } from "./messages.js";

const PAGE = 50;

/** The card of the rows. `showErrors(kind)` shows those with an error, of one kind if it is given. */
export function rows(path, query, signal) {
  const { show, kind: ofKind, ref: ofRef, from: start } = Object.fromEntries(query);
  let view = { errors: show === "errors", kind: ofKind ?? null, ref: ofRef ?? null, from: Math.max(0, Math.floor(start) - 1 || 0) };
  let job = null, page = null, before = [], asked = null;

  const all = button(t("job.rows.all"), () => open({ errors: false, kind: null }));
  const bad = button(t("job.rows.errors"), () => open({ errors: true, kind: null }));
  const only = button("", () => open({ kind: null }), { kind: "quiet" });
  const ref = h("input", { type: "search", spellcheck: "false", autocomplete: "off" });
  const jump = h("input", { type: "number", min: "1" });
  const back = button(t("job.rows.back"), () => open({ from: before.pop() ?? Math.max(0, view.from - PAGE) }, before), { disabled: true });
  const next = button(t("job.rows.next"), () => forward(page.next), { disabled: true });
  const place = h("span", { role: "status" }), said = h("div");
  const table = rowTable((row) => goTo({ errors: false, kind: null, ref: null, from: row - 1 }));
  const box = scroller(t("job.rows"), table.node);
  box.classList.add("job-rows");
  const node = card(t("job.rows"),
    h("div", { class: "job-tools" },
      h("div", { class: "job-views", role: "group", "aria-label": t("job.rows") }, all, bad), only,
      asking(t("job.rows.ref"), ref, t("job.rows.find"), () => open({ ref: ref.value.trim() || null })),
      asking(t("job.rows.from"), jump, t("job.rows.go"), () => jump.value && forward(Math.max(0, Math.floor(jump.value) - 1)))),
    said, box, h("div", { class: "job-pager" }, place, h("div", { class: "actions" }, back, next)));

  const forward = (from) => open({ from }, [...before, view.from]);

  /** Show other rows; `passed` are the first rows of the pages before. */
  function open(change, passed = []) {
    view = { ...view, from: 0, ...change };
    before = passed;
    load();
  }

  /** Show other rows that a link leads to: so the browser's way back leads here again. */
  function goTo(change) {
    history.pushState(null, "", location.hash);
    open(change);
  }

  async function load() {
    const { errors, kind, ref: text, from } = view;
    const address = { show: errors ? "errors" : null, kind, ref: text, from: from ? from + 1 : null };
    history.replaceState(null, "", `#/${withQuery(path, address)}`);
    all.setAttribute("aria-pressed", String(!errors));
    bad.setAttribute("aria-pressed", String(errors));
    only.hidden = !kind;
    say(only, t("job.rows.only", { kind: known(`job.kind.${kind}`, kind) }));
    if (ref !== document.activeElement) ref.value = text ?? "";
    box.setAttribute("aria-busy", "true");
    asked?.abort();
    asked = new AbortController();
    const stop = AbortSignal.any([signal, asked.signal]);
    try {
      page = await read(stop);
      fill(said);
      draw();
    } catch (error) {
      if (!stop.aborted) fill(said, trouble(error, load));
    }
    if (stop.aborted) return;
    box.removeAttribute("aria-busy");
    asked = null;
  }

  async function read(stop) {
    const { errors, kind, ref: text, from } = view, found = { rows: [], numbers: [], next: from };
    for (;;) {
      const cursor = found.next, limit = PAGE - found.rows.length;
      const one = await call(`${path}/${errors ? "errors" : "results"}`, { signal: stop,
        query: { format: "json", partial: "true", limit, cursor, kind, ref_contains: text } });
      found.rows.push(...(one.errors ?? one.rows));
      found.numbers.push(...(one.row_numbers ?? one.errors.map(({ row }) => row)));
      found.next = one.next === null ? null : Number(one.next);
      // A page of a search may be short, or empty, though more follow.
      if (!(errors || text) || found.next === null || found.next === cursor || found.rows.length === PAGE) return found;
      say(place, t("job.rows.searched", { n: count(found.next) }));
    }
  }

  function draw() {
    const { rows: shown, numbers } = page, { errors, ref: text, from } = view, isOver = hasEnded(job), n = shown.length;
    table.show(job, shown, numbers, errors, t(!isOver ? "job.rows.notyet" : errors || text ? "job.rows.nothing" : "job.rows.none"));
    next.disabled = page.next === null || (n < PAGE && !(isOver && n));
    back.disabled = from === 0;
    box.scrollTop = 0;
    say(place, n ? t("job.rows.place", { from: count(numbers[0]), to: count(numbers.at(-1)) }) : "");
  }

  function see(now) {
    const was = job;
    job = now;
    if (!was) {
      // A few rows may need more room than this, if they are long; many are scrolled.
      const total = job.rows.total ?? PAGE;
      box.style[total > 13 ? "blockSize" : "minBlockSize"] = `${Math.min(total, 13) * 38 + 42}px`;
      // An address that names rows leads to them.
      if (query.size) node.scrollIntoView();
      load();
    } else if (!asked && page?.rows.length < PAGE && (doneOf(was) !== doneOf(now) || was.state !== now.state)) load();
  }

  function showErrors(kind) {
    goTo({ errors: true, kind, ref: null });
    node.scrollIntoView();
    box.focus({ preventScroll: true });
  }
  return { node, see, showErrors };
}

const doneOf = ({ rows }) => rows.completed + rows.failed;

function asking(label, input, action, onAsk) {
  input.setAttribute("aria-label", label);
  input.setAttribute("placeholder", label);
  return h("form", { class: "job-ask", onsubmit: (event) => {
    event.preventDefault();
    onAsk();
  } }, input, h("button", { class: "button" }, action));
}
