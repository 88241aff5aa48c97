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
  const view = { errors: query.get("show") === "errors", kind: query.get("kind"), ref: query.get("ref"), from: startOf(query.get("from")) };
  const all = button(t("job.rows.all"), () => renew({ errors: false, kind: null }));
  const bad = button(t("job.rows.errors"), () => renew({ errors: true, kind: null }));
  const only = button("", () => renew({ kind: null }), { kind: "quiet" });
  const ref = h("input", { type: "search", value: view.ref ?? "", spellcheck: "false", autocomplete: "off" });
  const jump = h("input", { type: "number", min: "1", step: "1", inputmode: "numeric" });
  const back = button(t("job.rows.back"), () => go(before.pop() ?? Math.max(0, view.from - PAGE)), { disabled: true });
  const next = button(t("job.rows.next"), () => forward(page.next), { disabled: true });
  const place = h("span", { role: "status" }), said = h("div");
  const table = rowTable((row) => renew({ errors: false, kind: null, ref: null, from: row - 1 }));
  const box = scroller(t("job.rows"), table.node);
  const node = card(t("job.rows"),
    h("div", { class: "job-tools" },
      h("div", { class: "job-views", role: "group", "aria-label": t("job.rows") }, all, bad, only),
      asking("job.rows.ref", ref, () => renew({ ref: ref.value.trim() || null })),
      asking("job.rows.from", jump, () => forward(Math.max(0, Math.floor(jump.value) - 1)))),
    said, box,
    h("div", { class: "job-pager" }, place, h("div", { class: "actions" }, back, next)));
  box.classList.add("job-rows");

  let job, page = null, before = [], asked = null;

  function renew(change) {
    Object.assign(view, { from: 0 }, change);
    before = [];
    load();
  }

  function forward(to) {
    before.push(view.from);
    go(to);
  }

  function go(to) {
    view.from = to;
    load();
  }

  async function load() {
    asked?.abort();
    asked = new AbortController();
    const stop = AbortSignal.any([signal, asked.signal]);
    const { errors, kind, ref: text, from } = view;
    history.replaceState(null, "", `#/${withQuery(path, { show: errors ? "errors" : null, kind, ref: text, from: from ? from + 1 : null })}`);
    if (ref !== document.activeElement) ref.value = text ?? "";
    all.setAttribute("aria-pressed", String(!errors));
    bad.setAttribute("aria-pressed", String(errors));
    only.hidden = !(errors && kind);
    say(only, `${known(`job.kind.${kind}`, kind)} ✕`);
    only.setAttribute("aria-label", t("job.rows.anykind", { kind: only.textContent }));
    box.setAttribute("aria-busy", "true");
    try {
      page = await read(stop);
      fill(said);
      draw();
    } catch (error) {
      if (!stop.aborted) fill(said, trouble(error, load));
    } finally {
      if (!stop.aborted) {
        box.removeAttribute("aria-busy");
        asked = null;
      }
    }
  }

  // A page of a search may be short, or empty, though more follow: then it goes on.
  async function read(stop) {
    const { errors, kind, ref: text, from } = view, found = { rows: [], numbers: [], next: from };
    for (;;) {
      const cursor = found.next, limit = PAGE - found.rows.length;
      const one = await call(`${path}/${errors ? "errors" : "results"}`, { signal: stop,
        query: { format: "json", partial: "true", limit, cursor, kind: errors ? kind : null, ref_contains: text } });
      found.rows.push(...(one.errors ?? one.rows));
      found.numbers.push(...(one.row_numbers ?? one.errors?.map(({ row }) => row) ?? []));
      found.next = one.next === null ? null : Number(one.next);
      if (!(errors || text) || found.next === null || found.next === cursor || found.rows.length === PAGE) return found;
      say(place, t("job.rows.searched", { n: count(found.next) }));
    }
  }

  function draw() {
    const { rows: shown, numbers, next: to } = page, { errors, ref: text, from } = view;
    // Of a job that has stopped, the rows of some parts are missing: then no row is numbered here.
    const isCounted = !hasEnded(job) || job.rows.completed + job.rows.failed === job.rows.total;
    if (!errors && !text && isCounted) numbers.push(...shown.map((_, at) => from + at + 1));
    const nothing = t(!hasEnded(job) ? "job.rows.notyet" : errors || text ? "job.rows.nothing" : "job.rows.none");
    table.show(job, shown, numbers, errors, nothing);
    const isFull = shown.length === PAGE || (hasEnded(job) && shown.length > 0);
    next.disabled = to === null || !isFull;
    back.disabled = from === 0;
    box.scrollTop = 0;
    if (!shown.length) say(place, "");
    else if (numbers.length) say(place, t("job.rows.place", { from: count(numbers[0]), to: count(numbers.at(-1)), n: shown.length }));
    else say(place, t("job.rows.some", { count: count(shown.length), n: shown.length }));
  }

  function see(now) {
    const isFirst = !job;
    const isSame = job && job.rows.completed + job.rows.failed === now.rows.completed + now.rows.failed && job.state === now.state;
    job = now;
    if (isFirst) box.style.blockSize = `${Math.min(job.rows.total ?? PAGE, 13) * 38 + 42}px`;
    if (isFirst) load();
    else if (!isSame && !asked && page && page.rows.length < PAGE) load();
  }

  function showErrors(kind = null) {
    renew({ errors: true, kind, ref: null });
    node.scrollIntoView({ block: "start" });
    box.focus({ preventScroll: true });
  }
  return { node, see, showErrors };
}

const startOf = (text) => (/^[1-9]\d{0,12}$/.test(text ?? "") ? Number(text) - 1 : 0);

function asking(name, input, onAsk) {
  const label = t(name);
  input.setAttribute("aria-label", label);
  input.setAttribute("placeholder", label);
  return h("form", { class: "job-ask", onsubmit: (event) => {
    event.preventDefault();
    if (input.type === "search" || input.value) onAsk();
  } }, input, h("button", { class: "button" }, t(`${name}.do`)));
}
