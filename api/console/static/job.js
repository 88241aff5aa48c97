// The page of a job: it follows the job, and gives its state to each part of the page.

import { call } from "./api.js";
import { announce, ask, badge, button, copyable, empty, folded, heading, trouble, waiting } from "./components.js";
import { fill, h } from "./dom.js";
import { percent } from "./format.js";
import { codeFor } from "./job-code.js";
import { files } from "./job-files.js";
import { givenName, nameOf } from "./job-name.js";
import { outputs } from "./job-outputs.js";
import { details, progress } from "./job-progress.js";
import { rows } from "./job-results.js";
import { followJob, hasEnded } from "./live.js";
import { known, t } from "./messages.js";

/** The page of the job `params[0]`; the query says which of its rows are shown. */
export function job({ params: [id], query, signal, who }) {
  const path = `/jobs/${encodeURIComponent(id)}`;
  const state = h("span", { class: "job-state" }), said = h("div"), code = h("div", { class: "stack" });
  const table = rows(path, query, signal), downloads = files(id);
  const parts = [progress(downloads.node), outputs(path, signal, table.showErrors), table, details()];
  const soon = waiting();
  let last = null;

  const cancel = act(t("job.cancel"), async () => see(await call(`${path}/cancel`, { method: "POST", signal })));
  const skip = act(t("job.retry.skip"), () => repeat({ on_error: "skip" })), retry = act(t("job.retry"), () => repeat());
  const erase = act(t("job.delete"), async () => {
    const text = t(hasEnded(last) ? "job.delete.text" : "job.delete.running");
    if (!(await ask(t("job.delete.title", { name: nameOf(last) }), text, t("job.delete")))) return;
    await call(path, { method: "DELETE", signal });
    announce(t("job.deleted"));
    location.hash = "#/jobs";
  }, "danger");
  const buttons = who.scopes.includes("submit") && h("div", { class: "beside", hidden: true }, cancel, skip, retry, erase);
  const title = heading([t("job.title"), " ", h("span", { class: "job-id" }, id)], state, buttons);
  const node = h("div", { class: "stack job" }, title, said, soon);

  function see(now) {
    const name = known(`state.${now.state}`, now.state);
    if (!last) start(now);
    else if (now.state !== last.state) announce(t("job.now", { name: nameOf(now), state: name }));
    last = now;
    if (state.firstChild?.dataset.state !== now.state) fill(state, badge(now.state));
    const focused = document.activeElement, isRetryable = now.state === "failed" || now.state === "cancelled";
    cancel.hidden = hasEnded(now);
    retry.hidden = !isRetryable;
    skip.hidden = !isRetryable || now.on_error === "skip";
    if (focused.hidden) focusOn(focused);
    document.title = `${hasEnded(now) ? name : percent(now.progress)} · ${nameOf(now)} · Scorelane`;
    for (const part of [...parts, downloads]) part.see(now);
  }

  // All parts come at once, so that nothing moves.
  function start(now) {
    const { curl, python } = codeFor(now, who.needs_key), name = givenName(now);
    if (name) title.querySelector("h1").firstChild.textContent = name;
    fill(code, copyable("curl", curl), copyable("Python", python));
    if (buttons) buttons.hidden = false;
    soon.remove();
    node.append(...parts.map((part) => part.node), folded(t("job.code"), code));
  }

  async function repeat(options) {
    const made = await call(`${path}/retry`, { method: "POST", query: options, signal });
    location.hash = `#/jobs/${made.id}`;
  }

  // The focus stays where it was, or goes to the title from a button that is gone.
  function focusOn(one) {
    (one.hidden ? title.querySelector("h1") : one).focus({ preventScroll: true });
  }

  function act(text, work, kind) {
    const one = button(text, async () => {
      one.disabled = true;
      fill(said);
      await work().catch((error) => signal.aborted || fill(said, trouble(error)));
      one.disabled = false;
      if (document.activeElement === document.body) focusOn(one);
    }, { kind });
    return one;
  }

  function fail(error) {
    const isGone = error.status === 410, list = h("a", { class: "button", href: "#/jobs" }, t("job.list"));
    fill(node, heading(t("job.title")), isGone || error.status === 404
      ? empty(t(isGone ? "job.gone" : "job.unknown"), isGone ? error.message : t("job.unknown.text"), list)
      : trouble(error, () => dispatchEvent(new Event("hashchange"))));
    document.title = `${t("job.title")} · Scorelane`;
  }

  followJob(id, signal, see, fail);
  return { title: t("job.title"), node };
}
