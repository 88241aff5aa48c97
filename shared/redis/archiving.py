"""The job store on Redis, with the small jobs that ended a while ago in the blob store."""

import heapq
import json
from itertools import islice
from typing import Any

from typing_extensions import override

from shared.config.settings import Settings
from shared.drift.counts import counts_in
from shared.errors.service import JobExpired, JobNotFound
from shared.jobs.job import Job
from shared.jobs.job_ids import is_job_id
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.redis.records import job_of
from shared.redis.text_sums import checked, result_damaged
from shared.redis.watched import WATCHED_FIELD
from shared.storage.archive import Archive, Entry
from shared.storage.blobs import ErasableBlobs

#: How long the move of a job waits whose callback is due, in seconds.
CALLBACK_SECONDS = 60.0


class ArchivingJobStore(RedisJobStore):
    """`RedisJobStore` that keeps an ended small job in memory only for a short time.

    A job is written to the archive before it is removed from Redis. If the process dies in between,
    the next move first removes what it wrote (`archive:writing`); and what was deleted in between
    is erased there (`archive:erase`). So a job is found at any moment, once, and a deleted one
    does not come back.
    """

    def __init__(self, link: RedisLink, settings: Settings, blobs: ErasableBlobs) -> None:
        super().__init__(link, settings)
        self._archive = Archive(blobs)
        self._after = settings.archive_seconds
        self._much = settings.max_waiting_bytes // 2

    @override
    def get(self, job_id: str) -> Job:
        try:
            return super().get(job_id)
        except JobNotFound:
            entry = self._find(job_id)
            if entry is None:
                raise
        if job := job_of(entry.content.get("record", {})):
            return job
        raise JobExpired(job_id=job_id, owner=entry.owner)

    @override
    def list_jobs(
        self, limit: int, before: str | None = None, owner: str | None = None
    ) -> list[Job]:
        # First Redis: a job that is moved meanwhile is then seen in one of the two, or in both.
        found = {job.spec.id: job for job in super().list_jobs(limit, before, owner)}
        # If Redis fills the page, only archived jobs above its last one matter.
        last = min(found) if len(found) >= limit else ""
        archived = self._archive.newest_first(owner or None, before, self.now())
        for entry in islice(archived, limit):
            if entry.id < last:
                break
            if entry.id not in found and (job := job_of(entry.content["record"])):
                found[entry.id] = job
        return [found[job_id] for job_id in heapq.nlargest(limit, found)]

    @override
    def delete(self, job_id: str) -> None:
        super().delete(job_id)
        entry = self._find(job_id)
        job = job_of(entry.content.get("record", {})) if entry else None
        if job and job.spec.binding:
            self._link.run("drop_key", job.spec.binding.key)
        self._archive.erase(job_id)

    @override
    def small_result(self, job_id: str) -> bytes:
        if result := super().small_result(job_id):
            return result
        result, is_whole = self._text(job_id, "result")
        if not is_whole:
            raise result_damaged(job_id)
        return result

    @override
    def small_watched(self, job_id: str) -> dict[str, tuple[int, ...]]:
        if counts := super().small_watched(job_id):
            return counts
        entry = self._find(job_id)
        text = entry.content.get("record", {}).get(WATCHED_FIELD) if entry else None
        return counts_in(json.loads(text)) if text else {}

    @override
    def small_rows(self, job_id: str) -> bytes:
        if rows := super().small_rows(job_id):
            return rows
        rows, is_whole = self._text(job_id, "rows")
        return rows if is_whole else b""

    @override
    def archive(self, limit: int) -> int:
        self._recover()
        ended, now = self._link.key("small", "ended"), self.now()
        after = 0.0 if self._is_much_held() else self._after
        oldest = self._link.client.zrange(ended, 0, 0, withscores=True)
        # Not each by itself: that would make a blob for each.
        if not oldest or oldest[0][1] > now - 2 * after:
            return 0
        ids = self._link.client.zrangebyscore(ended, "-inf", now - after, 0, limit)
        entries, moves = self._read(ids)
        segments = self._archive.segments_of(entries)
        if segments:
            self._link.at_once(("RPUSH", self._link.key("archive", "writing"), *segments))
            for folder, content in segments.items():
                self._archive.write(folder, content)
        moved = int(self._link.run("archive", *moves))
        self._recover()
        return moved

    @override
    def expire(self, limit: int) -> list[Job]:
        if self.due("expire", 60):
            self._archive.expire(self.now())
        return super().expire(limit)

    def _is_much_held(self) -> bool:
        """Whether jobs take so much memory that they must leave it as soon as they have ended."""
        return int(self._link.client.hget(self._link.key("held"), "all") or 0) > self._much

    def _find(self, job_id: str) -> Entry | None:
        return self._archive.find(job_id, self.now())

    def _text(self, job_id: str, name: str) -> tuple[bytes, bool]:
        """Like `_text_of`. The text may have been damaged before it was moved."""
        content = entry.content if (entry := self._find(job_id)) else {}
        return checked(content.get(name, ""), content.get("record", {}).get(f"{name}_sum", ""))

    def _read(self, ids: list[str]) -> tuple[list[Entry], list[Any]]:
        """The entries of ended jobs, and what the script `archive` wants to know of each."""
        pipe = self._link.client.pipeline(transaction=False)
        for job_id in ids:
            pipe.hgetall(self._job(job_id))
            pipe.get(self._job(job_id, "result"))
            pipe.get(self._job(job_id, "rows"))
            pipe.pttl(self._job(job_id, "rows"))
            pipe.zscore(self._link.key("jobs", "ended"), job_id)
        answers = pipe.execute()
        entries: list[Entry] = []
        moves: list[Any] = []
        for job_id, record, result, rows, left, expires in zip(
            ids, *(answers[at::5] for at in range(5)), strict=True
        ):
            if record.get("callback_state") == "pending":
                later = self.now() + CALLBACK_SECONDS
                self._link.at_once(("ZADD", self._link.key("small", "ended"), later, job_id))
                continue
            binding = json.loads(record.get("spec", "{}")).get("binding") or {}
            moves += (job_id, binding.get("key", ""), expires or 0)
            if expires is None:
                continue
            owner, texts = record["owner"], {"record": record, "result": result or ""}
            entries.append(Entry(job_id, owner, expires, texts))
            if rows:
                until = min(expires, self.now() + left / 1000)
                entries.append(Entry(job_id, owner, until, {"rows": rows}))
        return entries, moves

    def _recover(self) -> None:
        """Remove what an interrupted move has written, and erase what was deleted meanwhile."""
        client, erase = self._link.client, self._link.key("archive", "erase")
        writing = self._link.key("archive", "writing")
        for folder in client.lrange(writing, 0, -1):
            self._archive.remove(folder)
        client.delete(writing)
        while job_id := client.lindex(erase, 0):
            if is_job_id(job_id):
                self._archive.erase(job_id)
            client.lpop(erase)
