"""What the scores of a job come to, without a look at its rows."""

from typing import Any

import pytest
from support.doubles.length_model import length_score
from support.in_memory import Service

from shared.config.settings import Settings

TEXTS = ["", "raise", *["x" * at for at in range(1, 120)]]
CSV = b"text\n" + b"".join(f'"{text}"\n'.encode() for text in TEXTS)
SCORES = [length_score(text) for text in TEXTS if text not in ("", "raise")]


def check(found: dict[str, Any]) -> None:
    """It is the summary of all of these texts."""
    assert found["rows"] == {"total": len(TEXTS), "completed": len(SCORES), "failed": 2}
    scores = found["scores"]
    assert scores["mean"] == pytest.approx(sum(SCORES) / len(SCORES))
    assert (scores["min"], scores["max"]) == (0.01, 1.0)
    bins = scores["histogram"]
    assert [one["from"] for one in bins] == [at / 10 for at in range(10)]
    assert [one["to"] for one in bins] == [at / 10 for at in range(1, 11)]
    expected = [0] * 10
    for score in SCORES:
        expected[min(int(score * 10), 9)] += 1
    assert [one["rows"] for one in bins] == expected
    assert found["errors"] == [{"kind": "empty", "rows": 1}, {"kind": "model_raised", "rows": 1}]


@pytest.mark.parametrize("kept", ["csv", "ndjson", "parquet"])
def test_the_summary_of_a_job(service: Service, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    """Counts, mean, extremes, ten bins and the errors by kind; no part is read for it."""
    url = service.submit(CSV, format=kept).location
    service.work()
    monkeypatch.setattr(service.blobs, "read", None)
    found = service.client.get(f"{url}/summary").json
    assert found["state"] == "succeeded"
    check(found)
    assert service.client.get(url).json["links"]["summary"] == f"{url}/summary"


def test_a_part_that_is_done_twice_counts_once(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a process wrote it and died, and another one finds it."""
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
    """It is the summary of what there is; of nothing, at first."""
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
    """Its rows are few, and are added up when somebody asks."""
    url = service.client.post("/jobs", json={"text": ["", "x" * 50, "x" * 100]}).location
    assert service.client.get(f"{url}/summary").json["scores"]["mean"] is None
    service.work()
    found = service.client.get(f"{url}/summary").json
    assert found["scores"]["mean"] == 0.75
    bins = [one["rows"] for one in found["scores"]["histogram"]]
    assert bins == [0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert found["errors"] == [{"kind": "empty", "rows": 1}]


def test_a_job_that_the_store_has_lost(service: Service) -> None:
    """What had ended comes back with its summary."""
    url = service.submit(CSV).location
    service.work()
    service.lose()
    service.reconcile()
    check(service.client.get(f"{url}/summary").json)
