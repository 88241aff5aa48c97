// Calls the service's public API. The key stays in a variable of this module: it is in no address,
// no storage and no log, and gone with the tab.

let key = null;
const listeners = { key: () => {}, connection: () => {} };

/** Have `onKey()` called when the service asks for a key, `onConnection(isUp)` when it answers or not. */
export function listen(onKey, onConnection) {
  Object.assign(listeners, { key: onKey, connection: onConnection });
}

/** Use a key from now on; null: none. */
export function useKey(value) {
  key = value;
}

/** Whether a key is used. */
export const hasKey = () => key !== null;

/** An answer that is an error (RFC 9457), or no answer at all (`status` 0). */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail ?? body.title ?? String(status));
    this.status = status;
    this.body = body;
    this.code = String(body.type ?? "").split(":").pop();
    this.retryAfter = Number(retryAfter) || null;
  }
}

/** The problem of a service that does not answer. */
export const UNREACHABLE = 0;

/**
 * Call the API. `json` or `body` is what is sent, `as` what is returned: "json", "text", "response".
 * Throws a `Problem`, or an `AbortError` if `signal` is aborted.
 */
export async function call(path, { method = "GET", query, headers, json, body, signal, as = "json" } = {}) {
  const sent = { ...headers, ...authorization() };
  if (json !== undefined) {
    body = JSON.stringify(json);
    sent["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(withQuery(path, query), { method, headers: sent, body, signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    listeners.connection(false);
    throw new Problem(UNREACHABLE, {});
  }
  listeners.connection(true);
  if (!answer.ok) throw await problemOf(answer);
  if (as === "response") return answer;
  if (answer.status === 204) return null;
  // A connection that breaks in the middle of an answer is like none.
  return answer[as]().catch((error) => {
    throw error.name === "TypeError" ? new Problem(UNREACHABLE, {}) : error;
  });
}

/**
 * Send a file, which the browser reads from the disk as it sends it. `onProgress(sent, total)` in
 * bytes. Resolves to the answer's JSON; rejects with a `Problem` or an `AbortError`.
 */
export function send(path, { query, headers, file, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", withQuery(path, query));
    for (const [name, value] of Object.entries({ ...headers, ...authorization() })) {
      request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => onProgress(event.loaded, event.total);
    request.onload = () => {
      listeners.connection(true);
      const body = parsed(request.responseText);
      if (request.status < 300) resolve(body);
      else reject(refused(request.status, body, request.getResponseHeader("Retry-After")));
    };
    request.onerror = () => reject(new Problem(UNREACHABLE, {}));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    // A request that was not sent yet tells nobody that it is aborted.
    if (signal.aborted) return request.onabort();
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

/**
 * Read a stream of server-sent events with the key in its header, which EventSource cannot send.
 * Calls `onEvent({event, id, data})`; returns when the stream ends.
 */
export async function stream(path, { headers, signal, onEvent }) {
  const answer = await call(path, { headers, signal, as: "response" });
  if (answer.status === 204) return false;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      if (error.name === "AbortError") throw error;
      throw new Problem(UNREACHABLE, {});
    });
    if (done) return true;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const one of events) {
      const fields = { event: "message", data: "", id: "" };
      for (const line of one.split("\n")) {
        const [, name, text] = line.match(/^(\w+): ?(.*)$/) ?? [];
        if (name in fields) fields[name] = text;
      }
      if (fields.data) onEvent(fields);
    }
  }
}

/** The address of a path of the API with a query; null and "" are left out, an array is repeated. */
export function withQuery(path, query = {}) {
  // Relative to the page, because a proxy may serve it below a path.
  const address = path.replace(/^\//, "");
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().filter((one) => one !== null && one !== undefined && one !== "").map((one) => [name, one]));
  return pairs.length ? `${address}?${new URLSearchParams(pairs)}` : address;
}

/** The `Authorization` header, if there is a key. */
function authorization() {
  return key === null ? {} : { Authorization: `Bearer ${key}` };
}

async function problemOf(answer) {
  return refused(answer.status, parsed(await answer.text()), answer.headers.get("Retry-After"));
}

function refused(status, body, retryAfter) {
  if (status === 401) listeners.key();
  return new Problem(status, body, retryAfter);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { title: text.slice(0, 300) };
  }
}
