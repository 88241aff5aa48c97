// What is done to many jobs at once.

import { call, Problem } from "./api.js";
import { announce, ask, bar, button, notice } from "./components.js";
import { fill, h, say } from "./dom.js";
import { download } from "./downloads.js";
import { count } from "./format.js";
import { nameOf } from "./job-name.js";
import { hasEnded, isGone, rest } from "./live.js";
import { t } from "./messages.js";

/** Requests at a time. */
const AT_ONCE = 4;

/** How often a request is sent again that a busy service refuses. */
const MOST_TRIES = 5;

const post = (what) => ({ id }, signal) => call(`/jobs/${id}/${what}`, { method: "POST", signal });

const ACTIONS = [
  { name: "download", scope: "read", atOnce: 1, suits: (job) => job.state === "succeeded", act: async ({ id }, signal) => {
    await download(id, "results", {});
    // A browser drops downloads that begin together.
    await rest(0.5, signal);
  } },
  { name: "cancel", scope: "submit", suits: (job) => !hasEnded(job), act: post("cancel") },
  { name: "retry", scope: "submit", suits: (job) => ["failed", "cancelled"].includes(job.state), act: post("retry") },
  { name: "delete", scope: "submit", kind: "danger", suits: () => true,
    act: ({ id }, signal) => call(`/jobs/${id}`, { method: "DELETE", signal }) },
];

/**
 * A bar of actions for the jobs that are picked, with the method `show(jobs)`. `onDone(id, name,
 * answer)` is called for each job that an action was done to, `onEnd()` after all of them, and
 * `onClear()` to pick none.
 */
export function bulkBar({ who, signal, onDone, onEnd, onClear }) {
  const said = h("strong", { role: "status" });
  const report = h("div", { class: "report" });
  let picked = [], isBusy = false;
  const buttons = ACTIONS.filter(({ scope }) => who.scopes.includes(scope))
    .map((action) => [action, button("", () => start(action), { kind: action.kind })]);
  const choices = h("div", { class: "actions" }, said, buttons.map(([, one]) => one), button(t("jobs.none"), onClear, { kind: "quiet" }));
  const work = h("div", { class: "work" });
  const node = h("section", { class: "bulk", "aria-label": t("jobs.bulk") }, report, work, choices);
  node.show = (jobs) => {
    picked = jobs;
    say(said, t("jobs.picked", { n: jobs.length, count: count(jobs.length) }));
    for (const [{ name, suits }, one] of buttons) {
      const n = jobs.filter(suits).length;
      one.hidden = n === 0;
      say(one, t(`jobs.do.${name}`, { n: count(n) }));
    }
    refresh();
  };
  node.show([]);
  return node;

  function refresh() {
    choices.hidden = isBusy || !picked.length;
    node.hidden = !isBusy && !picked.length && !report.firstChild;
  }

  async function start(action) {
    const jobs = picked.filter(action.suits);
    const n = { n: jobs.length, count: count(jobs.length) };
    if (action.name === "delete") {
      const live = jobs.filter((job) => !hasEnded(job)).length;
      const text = [t("jobs.delete.text"), live && t("jobs.delete.live", { n: live, count: count(live) })];
      if (!(await ask(t("jobs.delete.title", n), text.filter(Boolean).join(" "), t("jobs.do.delete", { n: n.count })))) return;
    }
    isBusy = true;
    const { refused, done } = await run(action, jobs);
    isBusy = false;
    announce(t(`jobs.done.${action.name}`, { n: done, count: count(done) }));
    fill(report, refused.length > 0 && reportOf(refused));
    onEnd();
    // The button that had the focus is gone.
    if (!signal.aborted) [...node.querySelectorAll("button"), document.querySelector("h1")].find((one) => one.checkVisibility()).focus();
  }

  async function run({ name, act, atOnce = AT_ONCE }, jobs) {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const progress = bar(t(`jobs.doing.${name}`)), text = h("span");
    const left = [...jobs], refused = [];
    let done = 0;
    fill(report);
    fill(work, h("div", { class: "actions" }, h("span", {}, t(`jobs.doing.${name}`)), text, button(t("jobs.stop"), () => stop.abort())), progress,
      name === "download" && h("small", {}, t("jobs.download.hint")));
    refresh();
    work.querySelector("button").focus();
    const see = () => {
      const share = (jobs.length - left.length) / jobs.length;
      progress.show(share);
      say(text, t("jobs.of", { done: count(jobs.length - left.length), all: count(jobs.length) }));
    };
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (left.length && !either.aborted) {
        const job = left.shift();
        try {
          onDone(job.id, name, await patiently(() => act(job, either), either));
          done += 1;
        } catch (error) {
          if (!(error instanceof Problem)) return;
          if (isGone(error)) onDone(job.id, "delete");
          refused.push([job, error.status ? error.message : t("error.unreachable")]);
        }
        see();
      }
    }));
    fill(work);
    return { refused, done };
  }

  function reportOf(refused) {
    return notice("warning", h("p", {}, t("jobs.refused", { n: refused.length, count: count(refused.length) })),
      h("ul", {}, refused.map(([job, reason]) => h("li", {}, h("a", { href: `#/jobs/${job.id}` }, nameOf(job)), ` ${reason}`))),
      button(t("jobs.seen"), () => {
        fill(report);
        refresh();
      }));
  }
}

async function patiently(act, signal) {
  for (let tried = 1; ; tried++) {
    try {
      return await act();
    } catch (error) {
      // A busy service has done nothing yet; after a lost answer that is not known.
      if (tried === MOST_TRIES || ![429, 503].includes(error.status)) throw error;
      await rest(error.retryAfter ?? 1, signal);
    }
  }
}
