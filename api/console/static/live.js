// Follows what changes: by server-sent events, else by asking again.

import { call, Problem, stream, UNREACHABLE } from "./api.js";

/** Milliseconds without an event after which a job is asked for. */
const SILENCE = 5000;

/** Seconds to wait before a try after `failures` failed ones. */
const pause = (failures) => Math.min(15, 2 ** failures);

/**
 * Wait some seconds, and until the tab is seen, but no longer than `hidden` seconds for that;
 * rejects if `signal` is aborted.
 */
export function rest(seconds, signal, hidden = Infinity) {
  return new Promise((resolve, reject) => {
    let timer = setTimeout(done, seconds * 1000);
    function done() {
      document.removeEventListener("visibilitychange", done);
      clearTimeout(timer);
      if (document.hidden && hidden > 0) {
        document.addEventListener("visibilitychange", done, { signal });
        if (hidden < Infinity) timer = setTimeout(done, hidden * 1000);
        return void (hidden = 0);
      }
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
 * `onError` and ends it. A tab that is not seen asks every `hidden` seconds, or not at all.
 */
export async function poll(ask, seconds, signal, onError, hidden) {
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
      await rest(wait, signal, hidden);
    } catch {
      return;
    }
  }
}

/** Give each state of a job to `onJob(job)`, until it has ended or `signal` is aborted. */
export function followJob(id, signal, onJob, onError) {
  const path = `/jobs/${encodeURIComponent(id)}`;
  let last = "", heard = 0, ended = false;
  const see = (job) => {
    heard = Date.now();
    ended = hasEnded(job);
    onJob(job);
  };
  const ask = async (stop = signal) => see(await call(path, { signal: stop }));

  async function listen() {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const end = () => stop.abort();
    // A hidden tab gives its stream up: a browser has six connections to a service, for all tabs.
    document.addEventListener("visibilitychange", end, { signal: both });
    // What holds a job up is no event of the stream; and a connection may be dead without a word.
    const timer = setInterval(() => {
      if (Date.now() - heard < SILENCE / 2) return;
      ask(both).then(() => ended && end(), end);
    }, SILENCE);
    const onEvent = ({ id, data }) => {
      last = id;
      see(JSON.parse(data));
    };
    try {
      await stream(`${path}/events`, { headers: last ? { "Last-Event-ID": last } : {}, signal: both, onEvent });
    } catch (error) {
      if (signal.aborted || !(stop.signal.aborted || isBusy(error))) throw error;
      return !isBusy(error);
    } finally {
      clearInterval(timer);
      stop.abort();
    }
  }

  return poll(async () => {
    const isFull = !document.hidden && (await listen()) === false;
    if (!ended) await ask();
    // All streams are taken, or a proxy passes none: then the job is asked for.
    if (!ended && isFull) await rest(2, signal);
    return !ended;
  }, 1, signal, onError, 10);
}

/** Whether a job never changes any more. */
export const hasEnded = (job) => job.finished_at !== null;

/** Whether an error may pass by itself: no answer, too many requests, or a service that is busy. */
export function isPassing(error) {
  return isBusy(error) || error.status === UNREACHABLE;
}

const isBusy = (error) => error instanceof Problem && (error.status === 429 || error.status >= 502);

/** Whether an error says that a job is not there, or no more. */
export const isGone = (error) => error.status === 404 || error.status === 410;
