"""A real Redis that refuses to write, for the length of a block."""

import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from redis.exceptions import ResponseError
from support.waiting import wait_for


@contextmanager
def full_memory(client: Any) -> Iterator[None]:
    """Let the memory of a Redis be full."""
    client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)


@contextmanager
def no_replicas(client: Any) -> Iterator[None]:
    """Let a Redis that has no replica demand one, as an old primary in a partition does."""
    client.config_set("min-replicas-to-write", 1)
    try:
        yield
    finally:
        client.config_set("min-replicas-to-write", 0)


@contextmanager
def full_disk(client: Any) -> Iterator[None]:
    """Let a Redis fail to write to its disk: it has a folder where it wants to write its file."""
    before = {name: client.config_get(name)[name] for name in ("save", "dbfilename")}
    folder = Path(tempfile.mkdtemp(dir=client.config_get("dir")["dir"]))
    client.config_set("dbfilename", folder.name)
    client.config_set("save", "3600 1")

    def has_saved(status: str) -> bool:
        now = client.info("persistence")
        if now["rdb_bgsave_in_progress"]:
            return False
        if now["rdb_last_bgsave_status"] == status:
            return True
        with suppress(ResponseError):  # it has just begun by itself
            client.bgsave()
        return False

    try:
        wait_for(lambda: has_saved("err"))
        yield
    finally:
        for name, value in before.items():
            client.config_set(name, value)
        folder.rmdir()
        # The next test may ask this Redis whether it could save its data.
        wait_for(lambda: has_saved("ok"))


@contextmanager
def full_disk_of(pid: int, client: Any) -> Iterator[None]:
    """Let a Redis process fail to write its append-only file: no file of its may grow.

    It must ignore SIGXFSZ, as a child of Python's does with `restore_signals=False`.
    """
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, before[1]))

    def has_failed() -> bool:
        with suppress(ResponseError):
            client.set("any", "text")
        return bool(client.info("persistence")["aof_last_write_status"] == "err")

    try:
        wait_for(has_failed)
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
