// The page of a job: it follows the job, and gives its state to each part of the page.

import { call } from "./api.js";
import { announce, ask, badge, button, copyable, empty, folded, heading, trouble } from "./components.js";
import { fill, h } from "./dom.js";
import { percent } from "./format.js";
import { codeFor } from "./job-code.js";
import { files } from "./job-files.js";
import { outputs } from "./job-outputs.js";
import { details, progress } from "./job-progress.js";
import { rows } from "./job-results.js";
import { followJob, hasEnded, isGone } from "./live.js";
import { known, t } from "./messages.js";

/** The page of the job `params[0]`; the query says which of its rows are shown. */
export function job({ params: [id], query, signal, who }) {
  const path = `/jobs/${encodeURIComponent(id)}`;
  const state = h("span", { class: "job-state" }), buttons = h("div", { class: "beside" });
  const said = h("div"), code = h("div", { class: "stack" });
  const table = rows(path, query, signal), downloads = files(id);
  const parts = [progress(downloads.node), outputs(path, signal, table.showErrors), table, details()];
  const node = h("div", { class: "stack job" },
    heading([t("job.title"), " ", h("span", { class: "job-id" }, id)], state, buttons),
    said);
  let last = null;

  function see(now) {
    if (now.state !== last?.state) {
      fill(state, badge(now.state));
      if (who.scopes.includes("submit")) fill(buttons, actions(now));
      const { curl, python } = codeFor(now, who.needs_key);
      fill(code, copyable("curl", curl), copyable("Python", python));
      if (last) announce(t("job.now", { state: known(`state.${now.state}`, now.state) }));
    }
    // All at once, so that nothing moves.
    if (!last) node.append(...parts.map((part) => part.node), folded(t("job.code"), code));
    last = now;
    const share = hasEnded(now) ? known(`state.${now.state}`, now.state) : percent(now.progress);
    document.title = `${share} · ${t("job.title")} · Scorelane`;
    for (const part of [...parts, downloads]) part.see(now);
  }

  function actions(now) {
    const again = (text, options) => act(text, async () => {
      const made = await call(`${path}/retry`, { method: "POST", query: options, signal });
      location.hash = `#/jobs/${made.id}`;
    });
    return [
      !hasEnded(now) && act(t("job.cancel"), async () => see(await call(`${path}/cancel`, { method: "POST", signal }))),
      isRetryable(now) && now.on_error !== "skip" && again(t("job.retry.skip"), { on_error: "skip" }),
      isRetryable(now) && again(t("job.retry")),
      act(t("job.delete"), async () => {
        const text = t(hasEnded(now) ? "job.delete.text" : "job.delete.running");
        if (!(await ask(t("job.delete.title"), text, t("job.delete")))) return;
        await call(path, { method: "DELETE", signal });
        announce(t("job.deleted"));
        location.hash = "#/jobs";
      }, "danger"),
    ];
  }

  function act(text, work, kind) {
    const one = button(text, async () => {
      one.disabled = true;
      fill(said);
      await work().catch((error) => signal.aborted || fill(said, trouble(error)));
      one.disabled = false;
    }, { kind });
    return one;
  }

  function fail(error) {
    const list = h("a", { class: "button", href: "#/jobs" }, t("job.list"));
    fill(node, heading(t("job.title")), isGone(error)
      ? empty(t(error.status === 410 ? "job.gone" : "job.unknown"), error.message, list)
      : trouble(error, follow));
    document.title = `${t("job.unknown")} · Scorelane`;
  }

  const follow = () => followJob(id, signal, see, fail);
  follow();
  return { title: t("job.title"), node };
}

const isRetryable = ({ state }) => state === "failed" || state === "cancelled";
