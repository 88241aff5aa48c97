// The jobs of one search: loaded page by page, and asked for again while they change.

import { call } from "./api.js";
import { hasEnded, isGone } from "./live.js";

/** Jobs that are asked for at once. */
export const PAGE = 50;

/** Requests for one page: those of a rare search may bring few jobs or none. */
const MOST_REQUESTS = 5;

/** Jobs by id; an id begins with the time, so the newest has the greatest. */
export class JobSearch {
  jobs = new Map();
  /** New jobs that are not shown yet. */
  waiting = new Map();
  /** The cursor of the next page; undefined before the first, null after the last. */
  next = undefined;
  /** The least ids of the groups, the newest first. */
  bounds = [];

  /** `query()` returns the query of `GET /jobs`. */
  constructor(query, signal) {
    this.query = query;
    this.signal = signal;
  }

  /** The jobs, the newest first. */
  get sorted() {
    return [...this.jobs.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /**
   * The jobs in groups of about a page: pairs of a key and jobs. A browser skips a whole group that
   * is out of sight, and for thousands of single rows even that takes long.
   */
  get groups() {
    const groups = new Map();
    let at = 0;
    for (const job of this.sorted) {
      while (at < this.bounds.length && job.id < this.bounds[at]) at++;
      const key = this.bounds[at] ?? "";
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(job);
    }
    return [...groups];
  }

  /** Load the next page. `isFull` says then whether jobs were found for all of it, or all there are. */
  async more() {
    let found = 0;
    for (let asked = 0; this.next !== null && found < PAGE && asked < MOST_REQUESTS; asked++) {
      const page = await this.#ask(PAGE - found, this.next);
      for (const job of page.jobs) this.jobs.set(job.id, job);
      found += page.jobs.length;
      this.next = page.next;
    }
    this.bounds.push(this.next ?? "");
    this.isFull = found >= PAGE || this.next === null;
  }

  /**
   * Load again the page after the job `after` (undefined: the first). While `isHeld`, new jobs wait,
   * and jobs that match no more are kept in their new state.
   */
  async refresh(after, isHeld) {
    const page = await this.#ask(PAGE, after);
    const newest = this.sorted[0]?.id ?? "";
    if (!after) {
      // More jobs were added than a page has: those between are not known, so the list starts again.
      this.restart = newest && page.next > newest ? page.next : undefined;
      if (this.restart) this.waiting.clear();
    }
    const now = new Map(page.jobs.map((job) => [job.id, job]));
    for (const job of page.jobs) (job.id > newest ? this.waiting : this.jobs).set(job.id, job);
    const gone = [...this.jobs.values()].filter(({ id }) => id < (after ?? "g") && id >= (page.next ?? "") && !now.has(id));
    if (isHeld) {
      await Promise.all(gone.filter((job) => !hasEnded(job)).map((job) => this.#askFor(job.id)));
    } else {
      for (const job of gone) this.jobs.delete(job.id);
      this.showWaiting();
    }
  }

  /** Show the new jobs. */
  showWaiting() {
    if (this.restart !== undefined) {
      this.jobs.clear();
      this.next = this.restart;
      this.bounds = [this.restart];
      this.restart = undefined;
    }
    for (const [id, job] of this.waiting) this.jobs.set(id, job);
    this.waiting.clear();
    if (this.sorted.filter((job) => job.id >= this.bounds[0]).length > 2 * PAGE) this.bounds.unshift(this.sorted[PAGE].id);
  }

  async #askFor(id) {
    try {
      this.jobs.set(id, await call(`/jobs/${id}`, { signal: this.signal }));
    } catch (error) {
      if (!isGone(error)) throw error;
      this.jobs.delete(id);
    }
  }

  #ask(limit, cursor) {
    return call("/jobs", { query: { ...this.query(), limit, cursor }, signal: this.signal });
  }
}

/** The time, in milliseconds since the epoch, at which the job of an id was made. */
export const madeAt = (id) => parseInt(id.slice(0, 12), 16);
