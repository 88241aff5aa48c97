"""Rows of small jobs that Redis gives back damaged, or not at all."""

import logging

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
