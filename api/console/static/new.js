// The page on which a job is prepared: choose rows and a model, see how they are read, start.

import { call } from "./api.js";
import { announce, button, card, facts, heading, notice, trouble } from "./components.js";
import { fill, h, keyed, say } from "./dom.js";
import { bytes, count, duration, percent } from "./format.js";
import { poll } from "./live.js";
import { t } from "./messages.js";
import { modelCards, termFields } from "./new-choices.js";
import { columnControls } from "./new-columns.js";
import { dryRunQuery, freshDraft, takeSource } from "./new-draft.js";
import { filePanel } from "./new-file.js";
import { forget, remembered, rememberedFile } from "./new-memory.js";
import { previewPanel } from "./new-preview.js";
import { headOf, MOST_UNASKED, pastedSource, sourceOf } from "./new-source.js";
import { submit } from "./new-submit.js";

// It outlives the page, so that a look at another page, or a refused upload, loses nothing.
let draft = freshDraft();
let owner = null;

// A file that was dropped on another page; this page takes it when it opens.
let dropped = null;
addEventListener("drop", (event) => {
  const mayOpen = !document.querySelector('nav a[href="#/new"]').hidden && !location.hash.startsWith("#/new");
  if (!mayOpen || !event.dataTransfer?.files.length) return;
  [dropped] = event.dataTransfer.files;
  location.hash = "#/new";
});

/** The page "New job". */
export function newJob({ signal, who }) {
  // Nobody sees what the owner of another key has prepared.
  if (owner !== who.owner) [draft, owner] = [freshDraft(), who.owner];
  const mine = draft;
  let models = { models: [], failed: [] };
  let looking = new AbortController();
  let timer = null;

  const file = filePanel(mine, who, { take, write, clear: () => reopen(freshDraft(mine.model)) }, signal);
  const columns = columnControls(mine, lookSoon);
  const preview = previewPanel(mine, look);
  const cards = modelCards(choose);
  const terms = termFields(mine, who, lookSoon);
  const start = button(t("new.start"), async () => {
    await submit(mine, who, reopen);
    // The focus was on a button that is gone, or cannot be pressed meanwhile.
    if (document.activeElement === document.body) start.focus();
  }, { kind: "primary" });
  const reason = h("p", { class: "muted" });
  const [cost, refusal, interrupted] = [h("div"), h("div"), h("div", { class: "stack" })];
  // Hidden until the models are there, so that nothing moves.
  const aside = h("aside", { class: "steps", hidden: true }, cards.node, h("section", { class: "card" }, terms.node, cost, refusal, start, reason));
  const reading = card(t("new.reading"), columns.node, preview.node);

  function show() {
    file.show();
    reading.hidden = !(mine.source && mine.model);
    cards.show(models, mine.model?.name);
    if (!reading.hidden) {
      columns.show();
      preview.show();
    }
    terms.show();
    const lack = lackOf(mine);
    start.disabled = lack !== null;
    say(reason, lack ? t(lack) : "");
    reason.hidden = !lack;
    fill(cost, costOf(mine));
    // Each only once, so that it is read out once, and keeps the focus.
    keyed(refusal, mine.refusal ? [mine.refusal] : [], (one) => one, (one) => trouble(one));
    // Not of the file that was chosen again.
    const chosen = mine.source && rememberedFile(mine.source.file)?.key;
    keyed(interrupted, remembered().filter(({ key }) => key !== chosen), ({ key }) => key, ({ key, name, size }) => notice("warning",
      h("p", {}, t("new.interrupted", { name, size: bytes(size) })),
      button(t("new.forget"), () => {
        forget(key);
        show();
      })));
  }

  function choose(name) {
    mine.model = models.models.find((one) => one.name === name);
    mine.options.outputs = mine.outputs = undefined;
    mine.isNumbered = false;
    if (mine.source?.isPasted) write();
    else lookSoon(0);
  }

  /** Take a file, with the options that it was being sent with before a reload. */
  function take(chosen) {
    const taking = mine.sending ? freshDraft(mine.model) : mine;
    const before = rememberedFile(chosen);
    takeSource(taking, sourceOf(chosen));
    if (before) {
      const model = models.models.find(({ name }) => name === before.model) ?? mine.model;
      Object.assign(taking, before.choices, { model });
      announce(t("new.restored"));
    }
    if (taking === mine && !before) return lookSoon(0);
    taking.state = "busy";
    reopen(taking);
  }

  /** Take what stands in the box for texts. */
  function write() {
    takeSource(mine, mine.text.trim() ? pastedSource(mine, who.limits.small_rows) : null);
    lookSoon(400);
  }

  /** Ask for a dry run when nothing was changed for some milliseconds. */
  function lookSoon(after = 250) {
    clearTimeout(timer);
    looking.abort();
    mine.refusal = null;
    if (mine.source && mine.model) {
      mine.state = "busy";
      timer = setTimeout(look, after);
    }
    show();
  }

  /** Ask for a dry run; the answer to a question that another one overtook is not shown. */
  async function look({ isAsked = false } = {}) {
    looking.abort();
    const { signal: now } = (looking = new AbortController());
    const { source } = mine;
    const found = { state: "answer", answer: null, problem: null };
    if (!isAsked && !source.isLines && source.file.size > MOST_UNASKED) {
      Object.assign(mine, found, { state: "unasked" });
      return show();
    }
    mine.state = "busy";
    show();
    try {
      const { body, total } = await headOf(source, who.limits);
      const query = { ...dryRunQuery(mine), total_bytes: total };
      found.answer = await call("/jobs", { method: "POST", query, headers: source.headers, body, signal: now });
    } catch (error) {
      Object.assign(found, { state: "problem", problem: error });
    }
    if (now.aborted) return;
    Object.assign(mine, found);
    show();
  }

  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    looking.abort();
    mine.refresh = null;
  });
  mine.refresh = show;
  show();
  if (mine.state === "busy" || mine.state === "problem") lookSoon(0);
  poll(async () => {
    models = await call("/models", { signal });
    const served = models.models.filter((one) => one.processes > 0);
    const isThere = models.models.some((one) => one.name === mine.model?.name);
    if (!isThere && served.length) choose((served.find((one) => one.default) ?? served[0]).name);
    else show();
    aside.hidden = false;
  }, 15, signal, (error) => {
    fill(cards.node, trouble(error));
    aside.hidden = false;
  });

  if (dropped) {
    const chosen = dropped;
    dropped = null;
    queueMicrotask(() => take(chosen));
  }

  return {
    title: t("nav.new"),
    node: [
      heading(t("nav.new")),
      h("div", { class: "new" },
        h("div", { class: "steps" }, interrupted, file.node, reading),
        aside),
    ],
  };
}

/** Show another draft, or the same one with other values. */
function reopen(other) {
  draft = other;
  if (location.hash.startsWith("#/new")) dispatchEvent(new Event("hashchange"));
  else location.hash = "#/new";
}

/** The name of the message that says why a job cannot start yet; null if it can. */
function lackOf({ source, model, state, sending }) {
  if (sending) return "new.lack.sending";
  if (!source) return "new.lack.rows";
  if (!model?.processes) return "new.lack.model";
  return { busy: "new.lack.answer", problem: "new.lack.repair" }[state] ?? null;
}

/** What the job is likely to take. */
function costOf({ answer }) {
  if (!answer) return null;
  const { rows, seconds, share_of_rows: ofJob, share_of_waiting_rows: ofWaiting } = answer.estimate;
  const share = (x) => (x === null || x < 0.1 ? null : percent(x));
  const isExact = answer.looked_at.all || answer.format === "parquet";
  const counted = () => (isExact ? count(rows) : t("new.about", { what: count(Number(rows.toPrecision(2))) }));
  return facts([
    [t("new.rows"), rows === null ? t("new.unknown") : counted()],
    [t("new.time"), seconds === null ? null : seconds < 1 ? duration(seconds) : t("new.about", { what: duration(seconds) })],
    [t("new.share.job"), share(ofJob)],
    [t("new.share.waiting"), share(ofWaiting)],
  ]);
}
