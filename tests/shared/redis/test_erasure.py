"""Deleted texts leave the append-only file of a real Redis."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis.exceptions import ResponseError
from support.doctor import of
from support.programs import Programs
from support.stored import MODEL, a_job, question
from support.waiting import wait_for

from scorelane.commands.checks.redis import examine_redis
from shared.config.settings import Settings
from shared.jobs.job_store import Answer
from shared.jobs.state import State
from shared.redis.erasure import AFTER_DELETE_SECONDS, RedisErasure, refusal_of
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink

pytestmark = pytest.mark.process

SECRET = b'["4711", "a text that must go"]\n'


class Disk:
    """A Redis with its append-only file, and what has it rewritten."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.settings = Settings(redis_url=url, aof_rewrite_seconds=600)
        self.link = RedisLink(self.settings)
        self.store = RedisJobStore(self.link, self.settings)
        self.erasure = RedisErasure(self.link, self.settings, self.store)

    def has(self, text: bytes) -> bool:
        """Whether a file of Redis has a text in it."""
        files = [path for path in self.folder.rglob("*appendonly*") if path.is_file()]
        assert files
        return any(text in path.read_bytes() for path in files)

    def pass_time(self) -> None:
        """Let the next rewrite be due, whatever the last one was."""
        self.link.client.delete(self.link.key("done", "rewrite-soon"))

    def is_gone(self, text: bytes) -> bool:
        """Wait until the rewrite has ended; whether the text has left the disk."""
        wait_for(lambda: not self.info()["aof_rewrite_in_progress"])
        return not self.has(text)

    def info(self) -> dict[str, int]:
        found: dict[str, int] = self.link.client.info("persistence")
        return found


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with tempfile.TemporaryDirectory(prefix="scorelane-") as sockets:
        programs = Programs(tmp_path, Path(sockets))
        programs.start_redis()
        wait_for(lambda: list(tmp_path.rglob("*appendonly*")))
        found = Disk(tmp_path, programs.env["SCORELANE_REDIS_URL"])
        try:
            found.erasure.run()
            wait_for(lambda: not found.info()["aof_rewrite_in_progress"])
            yield found
        finally:
            found.link.close()
            programs.redis.kill()
            programs.redis.wait()


def small_job(disk: Disk) -> str:
    job = a_job("small", total=1)
    disk.store.create(job, SECRET)
    wait_for(lambda: disk.has(b"a text that must go"))
    return job.spec.id


def test_a_deleted_text_leaves_the_disk(disk: Disk) -> None:
    """The rows, the result and the quoted ref of a deleted job are in no file of Redis."""
    job_id = small_job(disk)
    disk.store.take_small(MODEL, 10)
    disk.store.answer_small([Answer(job_id, b"ref-4711,0.5,\n", 1, 0)])
    other = a_job()
    disk.store.create(other)
    disk.store.move(other.spec.id, State.FAILED, "row 1 (ref 'ref-0815'): the text is empty")
    wait_for(lambda: disk.has(b"ref-0815"))
    for one in (job_id, other.spec.id):
        disk.store.delete(one)
    assert disk.has(b"a text that must go")
    disk.erasure.run()
    for text in (b"a text that must go", b"ref-4711", b"ref-0815", job_id.encode()):
        assert disk.is_gone(text)


def test_deletes_share_a_rewrite(disk: Disk) -> None:
    """A delete soon after a rewrite waits for the next one, which comes within a minute."""
    assert AFTER_DELETE_SECONDS <= 60
    disk.store.delete(small_job(disk))
    disk.erasure.run()
    assert disk.is_gone(b"a text that must go")
    disk.store.delete(small_job(disk))
    disk.erasure.run()
    assert not disk.is_gone(b"a text that must go")
    disk.pass_time()
    disk.erasure.run()
    assert disk.is_gone(b"a text that must go")


def test_a_question_leaves_the_disk_without_a_delete(disk: Disk) -> None:
    """Nobody deletes a question: the periodic rewrite removes its text."""
    disk.store.ask(MODEL, question())
    wait_for(lambda: disk.has(b"text"))
    disk.store.take_small(MODEL, 10)
    disk.link.client.delete(disk.link.key("done", "rewrite"))
    disk.erasure.run()
    assert disk.is_gone(b'["1", "text"]')


def test_nothing_is_rewritten_without_need(disk: Disk) -> None:
    """Without a delete, and before the time is over, the file stays as it is."""
    small_job(disk)
    size = disk.info()["aof_base_size"]
    disk.erasure.run()
    assert not disk.info()["aof_rewrite_in_progress"]
    assert disk.info()["aof_base_size"] == size


def test_a_redis_that_refuses_is_reported_once(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """A managed Redis may forbid it: one line in the log, and a warning of `doctor`."""
    disk.link.client.execute_command("ACL", "SETUSER", "default", "-bgrewriteaof")
    for _ in range(3):
        disk.store.delete(small_job(disk))
        disk.pass_time()
        disk.erasure.run()
    lines = [one for one in caplog.messages if "stay in Redis's append-only file" in one]
    assert len(lines) == 1
    assert refusal_of(disk.link)
    found = list(examine_redis(disk.settings, disk.link))
    assert "BGREWRITEAOF" in of(found, "redis", "refuses to rewrite").advice
    disk.link.client.execute_command("ACL", "SETUSER", "default", "+bgrewriteaof")
    disk.store.delete(small_job(disk))
    disk.pass_time()
    disk.erasure.run()
    assert refusal_of(disk.link) is None
    assert disk.is_gone(b"a text that must go")


def test_without_the_file_nothing_is_asked(disk: Disk) -> None:
    """A Redis without an append-only file does not get one by this."""
    disk.link.client.config_set("appendonly", "no")
    job = a_job("small", total=1)
    disk.store.create(job, SECRET)
    disk.store.delete(job.spec.id)
    disk.erasure.run()
    assert not disk.info()["aof_rewrite_in_progress"]
    assert not disk.info()["aof_rewrite_scheduled"]


def test_a_rewrite_that_runs_already_is_followed_by_another(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have begun before the delete, so the next turn of the upkeep tries again."""
    disk.store.delete(small_job(disk))
    with monkeypatch.context() as busy:
        answer = ResponseError("Background append only file rewriting already in progress")
        busy.setattr(disk.link.client, "bgrewriteaof", raising(answer))
        disk.erasure.run()
    assert disk.has(b"a text that must go")
    disk.erasure.run()
    assert disk.is_gone(b"a text that must go")


def raising(error: Exception) -> Callable[[], None]:
    def refuse() -> None:
        raise error

    return refuse
