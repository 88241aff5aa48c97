// Sends a prepared job, and tells how that ended, on whichever page the person is by then.

import { announce, button } from "./components.js";
import { h } from "./dom.js";
import { t } from "./messages.js";
import { choicesOf, freshDraft, queryOf } from "./new-draft.js";
import { forget, remember, rememberedFile } from "./new-memory.js";
import { checkReadable } from "./new-source.js";
import { newKey, tell, upload } from "./uploads.js";

/** Send a draft. `reopen(draft)` shows a draft on its page. */
export async function submit(draft, who, reopen) {
  const { source, model } = draft;
  const { file, headers, isPasted } = source;
  const chosen = queryOf(draft);
  // A name that was typed since the dry run is not in its options.
  const query = { ...chosen, ...draft.answer?.options, label: chosen.label };
  const name = isPasted ? t("new.pasted") : file.name;
  const key = (draft.sending = keyOf(file, query));
  if (!isPasted) remember({ key, name: file.name, size: file.size, modified: file.lastModified, query, model: model.name, choices: choicesOf(draft) });
  draft.refusal = null;
  draft.refresh?.();
  try {
    accepted(await upload({ file, name, headers, query, key }));
    // A browser may read on in a file that another program is changing.
    checkReadable(file).catch(() => tell("warning", t("upload.changed", { name })));
  } catch (error) {
    refused(error);
  }

  function accepted(job) {
    forget(key);
    draft.sending = null;
    const isHere = Boolean(draft.refresh);
    const mayRead = who.scopes.includes("read");
    if (isHere) reopen(freshDraft(model));
    if (isHere && mayRead) location.hash = `#/jobs/${job.id}`;
    else tell("good", t("upload.accepted", { name, id: job.id }), mayRead && h("a", { class: "button", href: `#/jobs/${job.id}` }, t("upload.open")));
  }

  function refused(error) {
    forget(key);
    draft.sending = null;
    const wasStopped = error.name === "AbortError";
    if (wasStopped) announce(t("upload.stopped", { name }));
    else draft.refusal = error;
    if (draft.refresh) draft.refresh();
    else if (!wasStopped) tell("error", t("upload.refused", { name, reason: error.message }), button(t("upload.form"), () => reopen(draft)));
  }
}

/** The key of an upload that a reload interrupted, if this is the same one; else a new key. */
function keyOf(file, query) {
  const before = rememberedFile(file);
  if (!before) return newKey();
  forget(before.key);
  return JSON.stringify(before.query) === JSON.stringify(query) ? before.key : newKey();
}
