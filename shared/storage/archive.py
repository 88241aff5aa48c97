"""Ended small jobs in the blob store: many in one blob, so that each costs no sync of its own.

A segment is the blob `ended/of-<owner>/<bucket>/<first id>-<last id>-<expiry>/jobs`. Each job is a
line: a checksum (CRC-32, 8 hex digits), a blank and a JSON object. A deleted job is a line of
blanks. The bucket is how the ids of the jobs begin, so a job is found by its id alone.
"""

import json
import logging
import math
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.jobs.job_store import REMEMBERED_SECONDS
from shared.storage.blobs import ErasableBlobs
from shared.storage.owners import owner_folder, owners_in

logger = logging.getLogger(__name__)

ROOM = "ended/"

#: The name of a segment's folder: the first id, the last id and the expiry.
_SEGMENT = re.compile(r"([0-9a-f]{32})-([0-9a-f]{32})-([0-9]+)")

#: How many digits of an id make a bucket: one bucket is 17 minutes.
BUCKET_DIGITS = 7

#: Jobs in one segment expire within this time, in seconds. It is deleted with the last of them.
EXPIRY_SPAN = 300


@dataclass(frozen=True)
class Entry:
    """One job as an archive stores it, or one of its texts that expires before it.

    Attributes:
        id: of the job.
        owner: of the job; empty if the API requires no keys.
        expires: when it expires, in seconds since the epoch.
        content: its record and texts, by name. Empty: it has expired, and only its id is known.
    """

    id: str
    owner: str
    expires: float
    content: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class _Segment:
    last: str
    first: str
    expires: int
    folder: str

    @property
    def key(self) -> str:
        return f"{self.folder}jobs"


class Archive:
    """Ended small jobs in the blob store, which all processes share."""

    def __init__(self, blobs: ErasableBlobs) -> None:
        self._blobs = blobs

    def segments_of(self, entries: Iterable[Entry]) -> dict[str, bytes]:
        """The contents of new segments for these jobs, by their folders; `write` writes them."""
        groups: dict[tuple[str, str, int], list[Entry]] = {}
        for entry in sorted(entries, key=lambda one: one.id):
            group = entry.owner, entry.id[:BUCKET_DIGITS], int(entry.expires // EXPIRY_SPAN)
            groups.setdefault(group, []).append(entry)
        found = {}
        for (owner, bucket, _), group_entries in groups.items():
            first, last = group_entries[0].id, group_entries[-1].id
            expires = math.ceil(max(one.expires for one in group_entries))
            folder = f"{owner_folder(ROOM, owner)}{bucket}/{first}-{last}-{expires}/"
            found[folder] = b"".join(map(_line_of, group_entries))
        return found

    def write(self, folder: str, content: bytes) -> None:
        """Write a segment; it replaces an older one of its name."""
        self._blobs.put(f"{folder}jobs", content)

    def remove(self, folder: str) -> None:
        """Remove a segment; whatever is none stays as it is."""
        # It comes from Redis: a damaged one must not name other folders.
        name = folder.removesuffix("/").rpartition("/")[2]
        if folder.startswith(ROOM) and ".." not in folder.split("/") and _SEGMENT.fullmatch(name):
            self._blobs.delete(folder)
        else:
            logger.error("a move to the archive names no segment, and is left out")

    def find(self, job_id: str, now: float) -> Entry | None:
        """The entry of a job; None if there is none. What has expired by `now` is left out of it.

        A text that expires before its job is in an entry of its own; they are put together here.
        """
        found: Entry | None = None
        for _, _, entry in self._lines(job_id):
            content = entry.content if entry.expires > now else {}
            if found:
                content = found.content | content
            found = Entry(job_id, entry.owner, entry.expires, content)
        return found

    def erase(self, job_id: str) -> None:
        """Overwrite all that is stored of a job; a missing one is no error."""
        for key, offset, entry in list(self._lines(job_id)):
            self._blobs.blank(key, offset, len(_line_of(entry)) - 1)

    def newest_first(self, owner: str | None, before: str | None, now: float) -> Iterator[Entry]:
        """The jobs of an owner (None: of all) with ids below `before`, the newest first.

        Jobs that have expired by `now` are left out, and so are texts in entries of their own.
        """
        owners = owners_in(self._blobs, ROOM) if owner is None else [owner]
        for bucket in sorted({one for name in owners for one in self._buckets(name)}, reverse=True):
            if before and bucket > before[:BUCKET_DIGITS]:
                continue
            segments = sorted(self._segments(owners, bucket), reverse=True)
            found: dict[str, Entry] = {}
            # A bucket is empty until the next expiry after that of its last segment.
            followings = [*segments[1:], None] if segments else []
            for segment, following in zip(segments, followings, strict=True):
                for entry in self._entries(segment):
                    is_older = not before or entry.id < before
                    if is_older and "record" in entry.content and entry.expires > now:
                        found[entry.id] = entry
                bound = following.last if following else ""
                for job_id in sorted((one for one in found if one > bound), reverse=True):
                    yield found.pop(job_id)

    def expire(self, now: float) -> int:
        """Delete the segments that have expired by `now`; their ids are remembered for a day.

        Returns:
            The number of jobs that have expired.
        """
        count = 0
        for owner in owners_in(self._blobs, ROOM):
            for bucket in self._buckets(owner):
                segments = list(self._segments([owner], bucket))
                for segment in segments:
                    if segment.expires <= now:
                        count += self._expire(segment)
                if not segments:
                    self._blobs.delete(f"{owner_folder(ROOM, owner)}{bucket}/")
        return count

    def _expire(self, segment: _Segment) -> int:
        gone = [
            Entry(one.id, one.owner, one.expires + REMEMBERED_SECONDS)
            for one in self._entries(segment)
            if "record" in one.content
        ]
        for folder, content in self.segments_of(gone).items():
            self.write(folder, content)
        self.remove(segment.folder)
        return len(gone)

    def _buckets(self, owner: str) -> list[str]:
        return self._blobs.folders(owner_folder(ROOM, owner))

    def _segments(self, owners: Iterable[str], bucket: str) -> Iterator[_Segment]:
        for owner in owners:
            room = f"{owner_folder(ROOM, owner)}{bucket}/"
            for name in self._blobs.folders(room):
                if not (match := _SEGMENT.fullmatch(name)):
                    continue  # nothing of ours, such as what a tool for backups has made
                first, last, expires = match.groups()
                yield _Segment(last, first, int(expires), f"{room}{name}/")

    def _lines(self, job_id: str) -> Iterator[tuple[str, int, Entry]]:
        """The lines of a job: the key of the segment, the offset in it, and what the line says."""
        for segment in self._segments(owners_in(self._blobs, ROOM), job_id[:BUCKET_DIGITS]):
            if not segment.first <= job_id <= segment.last:
                continue
            content, sought = self._read(segment), f' {{"id":"{job_id}"'.encode()
            at = content.find(sought)
            while at >= 0:
                begin, end = content.rfind(b"\n", 0, at) + 1, content.find(b"\n", at)
                if entry := _entry_of(content[begin:end], segment.key):
                    yield segment.key, begin, entry
                at = content.find(sought, end)

    def _entries(self, segment: _Segment) -> Iterator[Entry]:
        for line in self._read(segment).splitlines():
            if entry := _entry_of(line, segment.key):
                yield entry

    def _read(self, segment: _Segment) -> bytes:
        try:
            return self._blobs.read(segment.key)
        except FileNotFoundError:  # it has expired meanwhile
            return b""


def _line_of(entry: Entry) -> bytes:
    fields = {"id": entry.id, "owner": entry.owner, "expires": entry.expires} | entry.content
    text = json.dumps(fields, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _entry_of(line: bytes, key: str) -> Entry | None:
    """The entry in a line; None if it is blank or damaged."""
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        if line.strip():
            logger.error("%s is damaged: a job in it is lost", key)
        return None
    content = json.loads(text)
    return Entry(content.pop("id"), content.pop("owner"), content.pop("expires"), content)
