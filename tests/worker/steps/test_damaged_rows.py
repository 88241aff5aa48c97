"""Rows of small jobs that Redis gives back damaged, or not at all."""

import logging
from collections.abc import Callable

import pytest
from support.in_memory import Service, make_service
from support.problems import problem
from support.stored import question

from shared.config.settings import Settings
from shared.redis.link import RedisLink


@pytest.fixture
def served(redis_settings: Settings, link: RedisLink) -> Service:
    """The service with a real Redis."""
    return make_service(redis_settings.model_copy(update={"default_model": "length"}), link)


@pytest.mark.parametrize(
    "content", [b"{", b"7\n", b"", b'["1"]\n', b'["1", "a"]\n{"x": 1}\n', None]
)
def test_a_job_with_damaged_rows_fails_alone(
    served: Service, link: RedisLink, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    """It fails and says why, and is not taken again; jobs of the same batch are scored."""
    jobs = [served.client.post("/jobs", json={"text": ["good"]}).location for _ in range(3)]
    rows = link.key("job", jobs[1].rpartition("/")[2], "rows")
    if content is None:
        link.client.delete(rows)
    else:
        link.client.set(rows, content)
    with caplog.at_level(logging.ERROR):
        served.work()
    states = [served.client.get(job).json for job in jobs]
    assert [one["state"] for one in states] == ["succeeded", "failed", "succeeded"]
    assert states[1]["error"].startswith("Its rows were damaged in Redis")
    assert "rows are damaged" in caplog.text
    link.client.zadd(link.key("small", "claims"), {jobs[1].rpartition("/")[2]: 0}, xx=True)
    assert served.store.return_small() == []
    problem(served.client.get(f"{jobs[1]}/results"), 409, "no-results")


@pytest.mark.parametrize(
    ("damage", "known"),
    [
        (lambda rows: rows[: rows.index(b"\n") + 1], True),
        (lambda rows: rows[: rows.index(b"\n") + 1], False),
        (lambda rows: rows + rows, False),
        (lambda rows: rows.replace(b"good", b"goof"), True),
        (lambda rows: rows.replace(b"bad", b"b\xe4d"), True),
        (lambda rows: rows.replace(b"bad", b"b\xe4d"), False),
    ],
)
def test_damage_that_leaves_rows_readable_is_found(
    served: Service, link: RedisLink, damage: Callable[[bytes], bytes], known: bool
) -> None:
    """Rows cut at the end of one, doubled or changed fail their job.

    Without a checksum, as an older release recorded jobs, their number and their form are known.
    """
    damaged, whole = (
        served.client.post("/jobs", json={"text": ["good", "bad"]}).location for _ in range(2)
    )
    job_id = damaged.rpartition("/")[2]
    rows = link.key("job", job_id, "rows")
    link.client.set(rows, damage(link.client.get(rows).encode()))
    if not known:
        link.client.hdel(link.key("job", job_id), "rows_sum")
    served.work()
    assert served.client.get(damaged).json["state"] == "failed"
    assert served.client.get(whole).json["state"] == "succeeded"
    if known:
        problem(served.client.post(f"{damaged}/retry"), 410, "nothing-to-retry")


@pytest.mark.parametrize("content", [b"1,0.25,\n2,3.0,\n", b"1,4.0,\n", b"\xff", b"2"])
def test_a_damaged_result_is_never_sent(served: Service, link: RedisLink, content: bytes) -> None:
    """A result of a small job that is not as it was written is a problem that says what to do."""
    job = served.client.post("/jobs", json={"text": ["good", "bad"]}).location
    served.work()
    link.client.set(link.key("job", job.rpartition("/")[2], "result"), content)
    for form in ("csv", "ndjson", "json"):
        answer = served.client.get(f"{job}/results?format={form}")
        assert "Submit them again" in problem(answer, 500, "results-damaged")


def test_a_question_without_all_of_its_rows_is_dropped(served: Service, link: RedisLink) -> None:
    """It gets no answer, so that its rows are not taken for those of another length."""
    model = served.model.card.full_name
    served.client.post("/jobs", json={"text": ["good"]})
    served.store.ask(model, question(2))
    waiting = link.key("small", model)
    link.client.lset(
        waiting, 0, link.client.lindex(waiting, 0).rstrip("\n").rpartition("\n")[0] + "\n"
    )
    served.work()
    assert link.client.llen(waiting) == 0
    assert not link.client.exists(link.key("answers", "here"))


def test_a_damaged_question_is_dropped(served: Service, link: RedisLink) -> None:
    """A question that cannot be read gets no answer, and jobs next to it are scored."""
    model = served.model.card.full_name
    job = served.client.post("/jobs", json={"text": ["good"]}).location
    served.store.ask(model, question())
    waiting = link.key("small", model)
    link.client.lset(waiting, 0, link.client.lindex(waiting, 0).partition("\n")[0] + "\n{")
    served.work()
    assert served.client.get(job).json["state"] == "succeeded"
    assert link.client.llen(waiting) == 0
