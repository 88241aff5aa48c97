"""The table of keys in shared/redis/README.md matches a Redis that was used."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.doubles.length_model import LengthModel
from support.stored import MODEL, a_job, complete, parts, question, small

import shared.redis
from shared.aliases import pointed
from shared.config.settings import Settings
from shared.dispatch import CeleryDispatch, make_celery
from shared.drift.reference import Reference, Watched
from shared.fleet import PartRate, Served, Worker
from shared.jobs.binding import Binding
from shared.jobs.job import Job
from shared.jobs.job_ids import new_job_id
from shared.jobs.job_store import FINISH, Answer, BadRow
from shared.jobs.state import CallbackState, State
from shared.jobs.summary import Summary
from shared.jobs.usage import Budget, Claim
from shared.monitoring.logged import LoggedError
from shared.monitoring.sample import Sample
from shared.redis.aliases import RedisAliases
from shared.redis.erasure import note_refusal
from shared.redis.fleet import RedisFleet
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.redis.monitor import RedisMonitor
from shared.signature import SENTIMENT
from shared.storage.folder_blobs import FolderBlobs

README = Path(shared.redis.__file__).with_name("README.md")

NODE = "here-1"

#: Keys that only a Celery worker makes, or a move to the blob store while it runs.
OF_A_WORKER = {"malformed", "archive:writing", "archive:erase"}


def table() -> dict[str, str]:
    """The type of each key in the table, by the pattern of its name."""
    rows = re.findall(r"^\| `(\S+)` \| (\w+) \|", README.read_text(), re.MULTILINE)
    assert len(dict(rows)) == len(rows) > 30
    return dict(rows)


def expression(name: str) -> re.Pattern[str]:
    """What matches the keys of a pattern such as `job:<id>:parts`."""
    pieces = re.split(r"(<\w+>)", name)
    wild = {"<id>": "[0-9a-f]{32}", "<model>": "[^:]+@[^:]+", "<owner>": "[^:]*"}
    found = [wild.get(one, ".+") if one.startswith("<") else re.escape(one) for one in pieces]
    return re.compile("".join(found))


def job_of(kind: str = "bulk", **more: object) -> Job:
    job = a_job(kind, total=2 if kind == "small" else None)
    return job.model_copy(update={"spec": job.spec.model_copy(update=more)})


def use_bulk_jobs(store: RedisJobStore) -> Iterator[None]:
    """A job from its key to its callback, and one that fails."""
    token = new_job_id()
    store.hold_key("a" * 64, token, 60)
    yield
    binding = Binding(key="a" * 64, token=token, fingerprint="f")
    job = job_of(owner="me", binding=binding, callback_url="https://example.org/scored")
    job_id = job.spec.id
    store.create(job, claim=Claim(20, (Budget("key:k1", 100),)))
    yield
    store.move(job_id, State.RUNNING)
    store.add_parts(job_id, parts(2), known=0, last=True, lanes=2)
    store.begin_part(job_id, 0)
    store.note(job_id, 0, "a note")
    yield
    bad = BadRow(0, "row 1: the text is empty")
    summary = Summary.of(SENTIMENT.outputs, [[0.5, None]], [None, "the text is empty"])
    store.complete_part(job_id, 0, completed=9, failed=1, lanes=2, bad=bad, summary=summary)
    store.hold_up(job_id, 1, "the disk is full")
    complete(store, job_id, 1)
    store.begin_finish(job_id)
    store.renew_part(job_id, FINISH)
    yield
    store.move(job_id, State.SUCCEEDED)
    cleared = job_of(keep="none")
    store.create(cleared)
    store.move(cleared.spec.id, State.CANCELLED)
    yield
    store.take_callbacks(10, 60)
    store.note_callback(job_id, CallbackState.PENDING, error="no answer", again_in=5)
    store.create(job_of(retry_of=job_id))
    yield
    store.load("me")
    store.spend("me", 60)
    store.link_secret()
    store.overdue([MODEL])
    store.restore(job_of(), [])
    store.delete(job_id)


def use_small_jobs(store: RedisJobStore) -> Iterator[None]:
    """A small job and a question, taken and answered."""
    small(store, 2)
    store.ask(MODEL, question(reply_to="here"))
    store.ask(MODEL, replace(question(reply_to="here"), owner="me"))
    yield
    taken, _ = store.take_small(MODEL, 10)
    store.renew_small([taken[0].id])
    store.note(taken[0].id, 0, "a note")
    yield
    answers = [Answer(one.id, b"1,0.5,\n", 1, 0, one.reply_to) for one in taken]
    store.answer_small(answers, watched={MODEL: {"0:0a1b2c3d": (0, 1)}})
    yield
    store.expire(10)


def use_upkeep(store: RedisJobStore, link: RedisLink, settings: Settings) -> Iterator[None]:
    """Heartbeats, messages, and what is done from time to time."""
    fleet = RedisFleet(link, settings)
    column = Watched(name="Sentiment_Score", role="output", edges=(0.5,), counts=(0, 1, 2))
    about = {"reference": Reference(rows=3, columns=(column,))}
    card = LengthModel().card.model_copy(update=about)
    fleet.announce(NODE, [Served(card=card, rate=1)])
    fleet.learn(MODEL, 1.0)
    fleet.learn_parts(MODEL, PartRate(10.0, 100.0))
    fleet.serving()
    fleet.describe(
        Worker(
            name=NODE,
            host="here",
            release="1",
            libraries={},
            models=[MODEL],
            processes=[],
            memory=1,
            started_at=1.0,
            clock_ahead=0.0,
        )
    )
    link.client.hset(link.key("models"), "fast", "{}")
    link.client.hset(link.key("versions"), MODEL, "{}")
    RedisAliases(link, FolderBlobs(settings.blobs_dir)).change(
        "fast", "me", lambda names: pointed(names, "champion", "1f2e3d4c5b6a")
    )
    link.client.hset(link.key("aliases", "unkept"), "aliases/fast/000000000001/change.json", "{}")
    link.client.hset(link.key("unserved"), "fast", 1.0)
    link.client.hset(link.key("replaced"), "fast@0", 1.0)
    store.due("sweep", 60)
    store.notice_restart()
    RedisMonitor(link).note([LoggedError("api", "error", "x", "", "", "here", 1.0, 2.0, 1)])
    RedisMonitor(link).record(Sample(1.0, 0, 0, 0, 0, 0, 0, None, {}))
    note_refusal(link, "no permissions", 60)
    celery = make_celery(settings)
    dispatch = CeleryDispatch(celery)
    dispatch.split(MODEL, "0" * 32)
    dispatch.answer(MODEL)
    celery.close()
    with store.reconciling(60):
        yield


@pytest.fixture
def found(link: RedisLink, redis_settings: Settings) -> dict[str, str]:
    """The types of all keys that were in Redis at some time, by their names without the prefix."""
    store = RedisJobStore(link, redis_settings.model_copy(update={"retention_seconds": 1e-6}))
    types: dict[str, str] = {}

    def look() -> None:
        for key in link.client.scan_iter(f"{link.prefix}*"):
            types[key.removeprefix(link.prefix)] = link.client.type(key)

    for use in (use_bulk_jobs(store), use_small_jobs(store)):
        for _ in use:
            look()
        look()
    for _ in use_upkeep(store, link, redis_settings):
        look()
    return types


def test_the_table_has_every_key(found: dict[str, str]) -> None:
    """Each key is in the table with its type, and each row of the table was seen in Redis."""
    rows = {name: (expression(name), kind) for name, kind in table().items()}
    unused = set(rows) - OF_A_WORKER
    for key, kind in found.items():
        matching = {name for name, (known, _) in rows.items() if known.fullmatch(key)}
        assert matching, f"{key} is not in the table"
        assert kind in {rows[name][1] for name in matching}, key
        unused -= {name for name in matching if rows[name][1] == kind}
    assert not unused
