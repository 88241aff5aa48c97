"""`/jobs/<id>/summary`: statistics of a job's scores, without reading its rows."""

from typing import Any

import pytest
from support.doubles.length_model import length_score
from support.in_memory import Service

from shared.config.settings import Settings

TEXTS = ["", "raise", *["x" * length for length in range(1, 120)]]
CSV = b"text\n" + b"".join(f'"{text}"\n'.encode() for text in TEXTS)
SCORES = [length_score(text) for text in TEXTS if text not in ("", "raise")]


def check(found: dict[str, Any]) -> None:
    """Check that this is the summary of `TEXTS`."""
    assert found["rows"] == {"total": len(TEXTS), "completed": len(SCORES), "failed": 2}
    scores = found["scores"]
    assert scores["mean"] == pytest.approx(sum(SCORES) / len(SCORES))
    assert (scores["min"], scores["max"]) == (0.01, 1.0)
    bins = scores["histogram"]
    assert [one["from"] for one in bins] == [tenth / 10 for tenth in range(10)]
    assert [one["to"] for one in bins] == [tenth / 10 for tenth in range(1, 11)]
    expected = [0] * 10
    for score in SCORES:
        expected[min(int(score * 10), 9)] += 1
    assert [one["rows"] for one in bins] == expected
    assert found["errors"] == [{"kind": "empty", "rows": 1}, {"kind": "model_raised", "rows": 1}]
    (output,) = found["outputs"]
    assert (output["name"], output["count"]) == ("Sentiment_Score", len(SCORES))
    assert {name: output[name] for name in scores} == scores
    exact = sorted(SCORES)[(len(SCORES) - 1) // 2]
    assert output["absolute_error"] == 0.005
    assert output["quantiles"]["0.5"] == pytest.approx(exact, abs=0.005 + 1e-12)


@pytest.mark.parametrize("own_format", ["csv", "ndjson", "parquet"])
def test_the_summary_of_a_job(
    service: Service, monkeypatch: pytest.MonkeyPatch, own_format: str
) -> None:
    """It has counts, mean, extremes, ten bins and the errors by kind; no part is read for it."""
    url = service.submit(CSV, format=own_format).location
    service.work()
    monkeypatch.setattr(service.blobs, "read", None)
    found = service.client.get(f"{url}/summary").json
    assert found["state"] == "succeeded"
    check(found)
    assert service.client.get(url).json["links"]["summary"] == f"{url}/summary"


def test_a_part_that_is_done_twice_counts_once(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if a process dies after it has written the part, and another one scores it again."""
    service.store._settings = settings.model_copy(update={"lease_seconds": 0.0})
    url = service.submit(CSV).location
    with monkeypatch.context() as dying:
        dying.setattr(service.store, "complete_part", dying.undo)
        service.pipeline.split(url.rpartition("/")[2])
        with pytest.raises(TypeError):
            service.work()
    for message in [*service.dispatch.messages]:
        service.dispatch.messages += [message, message]
    service.reconcile()
    service.work()
    check(service.client.get(f"{url}/summary").json)


def test_a_job_that_has_not_ended(service: Service) -> None:
    """The summary covers the rows that are done; at first none."""
    url = service.submit(CSV).location
    found = service.client.get(f"{url}/summary").json
    assert (found["scores"]["mean"], found["scores"]["min"]) == (None, None)
    assert sum(one["rows"] for one in found["scores"]["histogram"]) == 0
    for _ in range(3):
        service.step()
    found = service.client.get(f"{url}/summary").json
    assert found["state"] == "running"
    counted = sum(one["rows"] for one in found["scores"]["histogram"])
    assert counted == found["rows"]["completed"] > 0


def test_a_small_job(service: Service) -> None:
    """The summary of a small job is computed from its rows at each request."""
    url = service.client.post("/jobs", json={"text": ["", "x" * 50, "x" * 100]}).location
    assert service.client.get(f"{url}/summary").json["scores"]["mean"] is None
    service.work()
    found = service.client.get(f"{url}/summary").json
    assert found["scores"]["mean"] == 0.75
    bins = [one["rows"] for one in found["scores"]["histogram"]]
    assert bins == [0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert found["errors"] == [{"kind": "empty", "rows": 1}]


def test_a_job_that_redis_has_lost(service: Service) -> None:
    """A job that had succeeded is restored with its summary."""
    url = service.submit(CSV).location
    service.work()
    service.lose()
    service.reconcile()
    check(service.client.get(f"{url}/summary").json)
