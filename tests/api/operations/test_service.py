"""`GET /service` in memory: the present state, the history and its gaps."""

from datetime import datetime
from typing import Any

import pytest
from support.doctor import a_worker
from support.in_memory import Service

from api.operations.service_history import history_json
from shared.monitoring.logged import LoggedError
from shared.monitoring.sample import HISTORY_SECONDS, Sample

NOW = 1_700_000_000.0


def a_sample(ago: float, rows: int, **changes: Any) -> Sample:
    known: dict[str, Any] = {
        "waiting_rows": 5,
        "waiting_jobs": 2,
        "worker_memory": 100,
        "errors": 0,
        "redis_memory": 10,
        "disk_free": 1000,
        "by_model": {"length@1": rows},
    }
    return Sample(at=NOW - ago, rows=rows, **(known | changes))


def found(service: Service) -> Any:
    answer = service.client.get("/service")
    assert answer.status_code == 200, answer.text
    return answer.json


def seconds_of(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() - NOW


def test_it_shows_what_waits_and_what_is_left(service: Service) -> None:
    """Rows and jobs that wait, by model and in all, with the memory, the disk and the limits."""
    service.fleet.describe(a_worker("a", release="1", memory=100, memory_limit=500))
    service.fleet.describe(a_worker("b", release="2", memory=50, memory_limit=500))
    service.submit(b"text\ngood\nbad\n")
    service.client.post("/jobs", json={"text": ["good"]})
    now = found(service)["now"]
    assert now["jobs"]["bulk"] == {"waiting": 1, "running": 0}
    assert now["jobs"]["small"] == {"waiting": 1, "running": 0}
    assert now["waiting_rows"] > 0
    [model] = now["models"]
    assert model["model"] == service.model.card.full_name
    assert model["processes"] == 1
    assert model["waiting_rows"] == now["waiting_rows"]
    assert (now["workers"], now["processes"]) == (2, 2)
    assert now["releases"]["workers"] == {"1": 1, "2": 1}
    # Both are on one host, whose memory counts once.
    assert now["memory"]["workers"] == {"used": 150, "most": 500}
    assert 0 < now["memory"]["api"]["used"] < now["memory"]["api"]["most"]
    assert now["memory"]["redis"] == {"used": 0, "most": None}
    assert 0 < now["disk"]["free"] <= now["disk"]["total"]
    jobs = next(one for one in now["limits"] if one["limit"] == "SCORELANE_MAX_WAITING_JOBS")
    assert jobs == {
        "limit": "SCORELANE_MAX_WAITING_JOBS",
        "used": 1,
        "most": 1000,
        "near": False,
    }
    service.work()
    now = found(service)["now"]
    assert now["waiting_rows"] == now["jobs"]["bulk"]["waiting"] == 0


def test_a_worker_of_an_older_release_does_not_say_what_its_host_has(service: Service) -> None:
    """The memory that workers may use is unknown, not too little, if one of them does not say."""
    service.fleet.describe(a_worker("a", memory_limit=500))
    service.fleet.describe(a_worker("b", host="other"))
    assert found(service)["now"]["memory"]["workers"]["most"] is None


@pytest.fixture
def settings(settings: Any) -> Any:
    return settings.model_copy(update={"max_waiting_small": 5})


def test_a_limit_that_is_near_is_marked(service: Service) -> None:
    """From four fifths of a limit on, before it refuses anything."""
    near = []
    for _ in range(5):
        service.client.post("/jobs", json={"text": ["good"]})
        limits = found(service)["now"]["limits"]
        near.append(
            next(one["near"] for one in limits if one["limit"] == "SCORELANE_MAX_WAITING_SMALL")
        )
    assert near == [False, False, False, True, True]


def test_the_rate_is_that_of_the_last_seconds(service: Service) -> None:
    """Between the last sample that is old enough and now; without one it is not known."""
    assert found(service)["now"]["rows_per_second"] is None
    now = service.monitor.now()
    for ago, rows in ((12, 0), (1, 900)):
        service.monitor.record(
            Sample(now - ago, rows, 0, 0, 0, 0, 0, None, by_model={"length@1": rows})
        )
    service.scored(b"text\ngood\nbad\n")
    rate = found(service)["now"]["rows_per_second"]
    assert 0 < rate <= 0.17  # two rows in 12 s, or in a little more


def test_rates_come_from_neighbouring_samples() -> None:
    """Rows per second, in all and by model, with the time and the other figures of each sample."""
    history = history_json([a_sample(20, 100, errors=1), a_sample(10, 600, errors=4)], NOW)
    assert (history["seconds"], history["every"]) == (900, 10)
    first, second = history["samples"]
    assert (first["rows_per_second"], first["models"]) == (None, {})
    assert seconds_of(second.pop("time")) == -10  # type: ignore[misc]
    assert second == {
        "rows_per_second": 50.0,
        "models": {"length@1": 50.0},
        "waiting_rows": 5,
        "waiting_jobs": 2,
        "errors": 3,
        "worker_memory": 100,
        "redis_memory": 10,
        "disk_free": 1000,
    }


def test_a_time_without_samples_is_a_gap() -> None:
    """A gap is named, at the beginning, inside and at the end, and no rate is made up across it."""
    samples = [a_sample(ago, 0) for ago in (500, 490)] + [a_sample(ago, 9) for ago in (300, 290)]
    history = history_json(samples, NOW)
    gaps = [(seconds_of(gap["start"]), seconds_of(gap["end"])) for gap in history["gaps"]]
    assert gaps == [(-HISTORY_SECONDS, -500), (-490, -300), (-290, 0)]
    rates = [sample["rows_per_second"] for sample in history["samples"]]
    assert rates == [None, 0.0, None, 0.0]
    assert len(history_json([], NOW)["gaps"]) == 1


def test_one_missing_sample_is_no_gap() -> None:
    """A worker that died between two samples leaves a longer step, with the rate over it."""
    samples = [a_sample(20 + 10 * n, 1000 - 10 * n) for n in reversed(range(90)) if n != 40]
    history = history_json(samples, NOW)
    assert history["gaps"] == []
    assert {sample["rows_per_second"] for sample in history["samples"][1:]} == {1.0}


def test_a_redis_that_lost_its_counters_gives_no_negative_rate() -> None:
    """Counters that began again are no rate; the next sample has one."""
    history = history_json([a_sample(30, 500), a_sample(20, 0), a_sample(10, 100)], NOW)
    assert [one["rows_per_second"] for one in history["samples"]] == [None, None, 10.0]
    assert [one["models"] for one in history["samples"]] == [{}, {}, {"length@1": 10.0}]


def test_samples_before_the_history_only_give_rates() -> None:
    """The first sample has a rate if the one before it is still kept."""
    samples = [a_sample(HISTORY_SECONDS + 5, 0), a_sample(HISTORY_SECONDS - 5, 100)]
    [sample] = history_json(samples, NOW)["samples"]
    assert sample["rows_per_second"] == 10.0


def findings(service: Service, level: str) -> str:
    """The messages and the advice of the findings of a level."""
    chosen = [one for one in found(service)["findings"] if one["level"] == level]
    assert all(bool(one["advice"]) is (level != "fine") for one in chosen)
    return " ".join(f"{one['about']}: {one['message']}" for one in chosen)


def test_it_says_what_is_wrong(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The findings of doctor about variables, blobs, Redis and workers, from the API's view."""
    monkeypatch.setenv("SCORELANE_PROCESES", "2")
    assert "workers: No worker is alive" in findings(service, "fault")
    assert "did you mean SCORELANE_PROCESSES?" in findings(service, "warning")
    service.fleet.describe(a_worker("a", release="99", failed={"mine": "it is damaged"}))
    assert "models: a does not serve mine: it is damaged" in findings(service, "fault")
    assert "differ from that at the API: " in findings(service, "warning")
    fine = findings(service, "fine")
    assert "clock: The clock at the API is 0.0 s" in fine
    assert "can be written" in fine
    assert "1 worker is alive" in fine


def test_it_lists_what_the_programs_have_logged(service: Service) -> None:
    """Errors and warnings of all programs, the last one first."""
    for last in (NOW - 5, NOW):
        service.monitor.note(
            [LoggedError("api", "error", "api.errors", "", f"at {last}", "here", NOW - 9, last, 2)]
        )
    newest, older = found(service)["errors"]
    assert older["message"] == f"at {NOW - 5}"
    assert (seconds_of(newest.pop("first")), seconds_of(newest.pop("last"))) == (-9, 0)
    assert newest == {
        "program": "api",
        "host": "here",
        "level": "error",
        "logger": "api.errors",
        "message": f"at {NOW}",
        "count": 2,
    }
