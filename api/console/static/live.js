// Follows what changes: by server-sent events, else by asking again.

import { call, Problem, stream, UNREACHABLE } from "./api.js";

/** Seconds to wait before a try after `failures` failed ones. */
const pause = (failures) => Math.min(15, 2 ** failures);

/** Wait some seconds, and until the tab is seen; rejects if `signal` is aborted. */
export function rest(seconds, signal) {
  return new Promise((resolve, reject) => {
    let timer = setTimeout(done, seconds * 1000);
    function done() {
      if (document.hidden) return document.addEventListener("visibilitychange", done, { once: true, signal });
      signal.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    }
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

/**
 * Call `ask()` again and again, `seconds` apart, until `signal` is aborted or it returns false.
 * Where the service does not answer or is busy it is asked less often; another error is given to
 * `onError` and ends it.
 */
export async function poll(ask, seconds, signal, onError) {
  let failures = 0;
  for (;;) {
    let wait = seconds;
    try {
      if ((await ask()) === false) return;
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) return onError(error);
      wait = error.retryAfter ?? pause(failures++);
    }
    try {
      await rest(wait, signal);
    } catch {
      return;
    }
  }
}

/** Give each state of a job to `onJob(job)`, until it has ended or `signal` is aborted. */
export function followJob(id, signal, onJob, onError) {
  let last = "";
  return poll(async () => {
    let job;
    const see = (event) => {
      last = event.id;
      onJob((job = JSON.parse(event.data)));
    };
    try {
      await stream(`/jobs/${id}/events`, { headers: last ? { "Last-Event-ID": last } : {}, signal, onEvent: see });
    } catch (error) {
      // All streams are taken, or the proxy does not pass streams: then the job is asked for.
      if (signal.aborted || !isPassing(error) || error.status === UNREACHABLE) throw error;
      onJob((job = await call(`/jobs/${id}`, { signal })));
    }
    job ??= await call(`/jobs/${id}`, { signal });
    if (hasEnded(job)) onJob(job);
    return !hasEnded(job);
  }, 1, signal, onError);
}

/** Whether a job never changes any more. */
export const hasEnded = (job) => job.finished_at !== null;

/** Whether an error may pass by itself: no answer, too many requests, or a service that is busy. */
export function isPassing(error) {
  return error instanceof Problem && (error.status === UNREACHABLE || error.status === 429 || error.status >= 502);
}
