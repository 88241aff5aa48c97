// Remembers in this tab what is being sent, so that a reload makes no second job. Neither the
// content of a file nor a key of the service is kept.

const PLACE = "scorelane.sending";

// Uploads that began since the page was loaded: no reload has interrupted these.
const begun = new Set();

/** The uploads that a reload interrupted: `{key, name, size, modified, query, ...}`. */
export const remembered = () => stored().filter(({ key }) => !begun.has(key));

/** Remember an upload that begins. */
export function remember(entry) {
  begun.add(entry.key);
  store([...stored(), entry]);
}

/** Forget an upload that has ended. */
export const forget = (key) => store(stored().filter((one) => one.key !== key));

/** What is remembered of a file whose upload was interrupted. */
export const rememberedFile = (file) =>
  remembered().find((one) => one.name === file.name && one.size === file.size && one.modified === file.lastModified);

function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE)) ?? [];
  } catch {
    return []; // the browser allows no storage
  }
}

function store(entries) {
  try {
    if (entries.length) sessionStorage.setItem(PLACE, JSON.stringify(entries));
    else sessionStorage.removeItem(PLACE);
  } catch {
    // Without storage a reload loses them; the uploads themselves go on.
  }
}
