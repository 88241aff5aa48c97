// Remembers in this tab what is being sent, so that a reload makes no second job. Neither the
// content of a file nor a key of the service is kept.

const PLACE = "scorelane.sending";

/** The uploads that a reload interrupted: `{key, name, size, modified, query, draft}`. */
export function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE)) ?? [];
  } catch {
    return []; // no storage is allowed
  }
}

/** Remember an upload that begins. */
export function remember(entry) {
  keep([...remembered().filter((one) => one.key !== entry.key), entry]);
}

/** Forget an upload that has ended. */
export function forget(key) {
  keep(remembered().filter((one) => one.key !== key));
}

/** What is remembered of a file, if it was being sent. */
export function rememberedFile(file) {
  return remembered().find((one) => one.name === file.name && one.size === file.size && one.modified === file.lastModified);
}

function keep(entries) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(entries));
  } catch {
    // Without storage a reload loses it; the upload itself goes on.
  }
}
