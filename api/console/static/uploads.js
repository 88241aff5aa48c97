// Sends files, whichever page is shown meanwhile, and sends them again where a connection breaks.

import { send, UNREACHABLE } from "./api.js";
import { bar, button } from "./components.js";
import { fill, h, say } from "./dom.js";
import { bytes, duration } from "./format.js";
import { isPassing } from "./live.js";
import { t } from "./messages.js";
import { checkReadable } from "./new-source.js";

const region = document.getElementById("uploads");
let running = 0;

// A file that is dropped beside a drop zone would replace the page, and end the uploads.
for (const name of ["dragover", "drop"]) {
  addEventListener(name, (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
}

/**
 * Send a file as a job, and show it below the page. It is sent again, with the same idempotency
 * key and so never as a second job, until the service answers. Returns the job; throws a `Problem`,
 * a `NotReadableError` if the file was changed, or an `AbortError` if the person stopped it.
 */
export async function upload({ file, name, headers, query, key }) {
  const stop = new AbortController();
  const card = uploadCard(name, () => stop.abort());
  if (running++ === 0) addEventListener("beforeunload", warn);
  show(card.node);
  try {
    for (let failures = 0; ; failures++) {
      try {
        return await send("/jobs", {
          query, file, signal: stop.signal, onProgress: card.meter(),
          headers: { ...headers, "Idempotency-Key": `"${key}"` },
        });
      } catch (error) {
        if (error.status === UNREACHABLE) await checkReadable(file);
        if (!isWorthAgain(error)) throw error;
        await pause(error, error.retryAfter ?? Math.min(15, 2 ** failures), card, stop.signal);
      }
    }
  } finally {
    if (--running === 0) removeEventListener("beforeunload", warn);
    hide(card.node);
  }
}

/** Tell how an upload ended to a person who is on another page. */
export function tell(level, text, ...actions) {
  const node = h("div", { class: "upload", "data-level": level, role: "status" });
  const close = button(t("upload.close"), () => hide(node), { kind: "quiet" });
  show(fill(node, h("div", { class: "line-of" }, h("p", {}, text), h("div", { class: "actions" }, actions, close))));
}

/** A new idempotency key. `crypto.randomUUID` is missing where a page has no HTTPS. */
export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");

// Not a full disk (507): it does not pass in a minute, and a person should know.
const isWorthAgain = (error) =>
  (isPassing(error) && error.status !== 507) || ["idempotency-key-in-use", "body-cut-off", "body-too-slow"].includes(error.code);

const warn = (event) => event.preventDefault();

function pause(error, seconds, card, signal) {
  const reason = error.status === UNREACHABLE ? t("upload.broken") : error.message;
  card.wait(`${reason} ${t("upload.again", { time: duration(seconds) })}`);
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", resolve, { once: true });
  });
}

function uploadCard(name, onstop) {
  const progress = bar(t("upload.progress", { name }));
  const text = h("small", {}, t("upload.starting"));
  const state = h("small", { role: "status" });
  const stop = button(t("upload.stop"), onstop);
  const node = h("div", { class: "upload" },
    h("div", { class: "line-of" }, h("strong", {}, name), stop), progress, h("div", { class: "line-of" }, text, state));
  return {
    node,
    wait(reason) {
      say(text, "");
      say(state, reason);
      progress.show(null, reason);
    },
    meter() {
      const rate = rateMeter();
      progress.show(0);
      return (sent, total) => {
        const speed = rate(sent);
        const values = { sent: bytes(sent), total: bytes(total), rate: bytes(speed ?? 0) };
        const isSent = sent === total;
        say(state, isSent ? t("upload.checking") : "");
        if (isSent) say(text, t("upload.sent", values));
        else if (speed) say(text, t("upload.rate", { ...values, left: duration((total - sent) / speed) }));
        progress.show(isSent ? null : sent / total);
      };
    },
  };
}

/** A function that takes the bytes sent so far, and returns the bytes per second of late, or null. */
function rateMeter() {
  let [at, before, rate] = [performance.now(), 0, null];
  return (sent) => {
    const seconds = (performance.now() - at) / 1000;
    if (seconds > 0.5) {
      const now = (sent - before) / seconds;
      rate = rate === null ? now : 0.7 * rate + 0.3 * now;
      [at, before] = [performance.now(), sent];
    }
    return rate;
  };
}

function show(node) {
  region.hidden = false;
  region.append(node);
}

function hide(node) {
  node.remove();
  region.hidden = region.childElementCount === 0;
}
