"""The terms of a job: error policy, labels and retention."""

import io
from datetime import datetime
from typing import Any

import pytest
from support.in_memory import Service
from support.problems import problem, refused

CSV = b"ref,text\n" + b"".join(b"%d,%s\n" % (row, b"z" * (row % 10)) for row in range(40))
LABELS = ["team:growth", "run:2026-01-01T00:00:00Z"]


def rows(bad: int, count: int) -> dict[str, Any]:
    return {"ref": list(range(count)), "text": [""] * bad + ["a"] * (count - bad)}


@pytest.mark.parametrize("count", [4, 20])
@pytest.mark.parametrize(
    ("on_error", "bad", "state"),
    [
        ("skip", 4, "succeeded"),
        ("fail", 1, "failed"),
        ("0", 1, "failed"),
        ("fail", 0, "succeeded"),
        ("0.25", 1, "succeeded"),
        ("0.25", 2, "failed"),
        ("1", 4, "succeeded"),
    ],
)
def test_the_error_policy(
    service: Service, on_error: str, bad: int, state: str, count: int
) -> None:
    """It holds for small and bulk jobs; the error says how many rows are bad, and names one."""
    bad = bad * count // 4
    accepted = service.client.post(f"/jobs?on_error={on_error}", json=rows(bad, count))
    assert accepted.status_code == 202, accepted.text
    service.work()
    job = service.client.get(accepted.location).json
    assert job["state"] == state
    assert job["on_error"] == {"0": "fail", "1": "skip", "0.25": 0.25}.get(on_error, on_error)
    if state == "failed":
        assert f"allows: {job['rows']['failed']} " in job["error"]
        assert "row 1 (ref '0'): the text is empty" in job["error"]
    else:
        assert job["error"] is None


def test_nothing_more_is_scored_once_it_has_failed(service: Service) -> None:
    """The other parts are not started, and the manifest records the end."""
    accepted = service.submit(CSV, on_error="fail")
    service.work()
    assert service.client.get(accepted.location).json["state"] == "failed"
    assert sum(service.model.calls) < 10
    [manifest] = [key for key in service.blobs.contents if key.endswith("manifest.json")]
    assert b'"state":"failed"' in service.blobs.contents[manifest]


@pytest.mark.parametrize(
    "value", ["", "stop", "-0.1", "1.1", "5%", "nan", "1e-2", "0.0000000001", "\u0663"]
)
def test_a_malformed_error_policy(service: Service, value: str) -> None:
    """Anything except the two words and a share is refused, and nothing is kept."""
    answer = service.submit(CSV, on_error=value)
    refused(service, answer, 400, "bad-option")
    answer = service.client.post("/jobs", json=rows(0, 2), query_string={"on_error": value})
    refused(service, answer, 400, "bad-option")


@pytest.mark.parametrize("form", ["csv", "small", "json", "fields"])
def test_labels_and_retention_are_shown(service: Service, form: str) -> None:
    """In every kind of request; a job that has ended says until when it is kept."""
    terms: dict[str, Any] = {"label": LABELS, "retention_seconds": "3600"}
    if form == "fields":
        file = (io.BytesIO(CSV), "rows.csv")
        accepted = service.client.post("/jobs", data={"file": file, **terms})
    elif form == "csv":
        accepted = service.client.post(
            "/jobs", data=CSV, content_type="text/csv", query_string=terms
        )
    else:
        body = rows(0, 3 if form == "small" else 30)
        accepted = service.client.post("/jobs", json=body, query_string=terms)
    assert accepted.status_code == 202, accepted.text
    assert accepted.json["labels"] == {"team": "growth", "run": "2026-01-01T00:00:00Z"}
    assert accepted.json["expires_at"] is None
    service.work()
    job = service.client.get(accepted.location).json
    assert job["labels"] == accepted.json["labels"]
    ended, expires = (datetime.fromisoformat(job[name]) for name in ("finished_at", "expires_at"))
    assert (expires - ended).total_seconds() == pytest.approx(3600, abs=0.01)


def test_default_terms(service: Service) -> None:
    """No labels, `skip`, and the retention of the settings."""
    accepted = service.submit(CSV)
    assert (accepted.json["labels"], accepted.json["on_error"]) == ({}, "skip")
    service.work()
    job = service.client.get(accepted.location).json
    ended, expires = (datetime.fromisoformat(job[name]) for name in ("finished_at", "expires_at"))
    assert (expires - ended).days == 7


@pytest.mark.parametrize(
    "labels",
    [
        ["team"],
        [":growth"],
        ["te am:x"],
        ["k" * 65 + ":v"],
        ["k:" + "v" * 257],
        ["k:a\nb"],
        ["k:1", "k:2"],
        [f"k{at}:v" for at in range(17)],
    ],
)
def test_malformed_labels(service: Service, labels: list[str]) -> None:
    """The length of keys and values and the number of labels are limited."""
    answer = service.client.post("/jobs", json=rows(0, 2), query_string={"label": labels})
    assert refused(service, answer, 400, "bad-option")


def test_the_longest_labels(service: Service) -> None:
    """Sixteen labels with the longest keys and values; an equal label counts once."""
    given = [f"{at:x}" + "k" * 63 + ":" + "\u00e9:" * 128 for at in range(16)]
    answer = service.client.post(
        "/jobs", json=rows(0, 2), query_string={"label": [*given, given[0]]}
    )
    assert len(answer.json["labels"]) == 16
    assert set(answer.json["labels"].values()) == {"\u00e9:" * 128}


@pytest.mark.parametrize("seconds", ["59", "2592001", "1.5", "-60", "9" * 20, "week", ""])
def test_a_malformed_retention(service: Service, seconds: str) -> None:
    """It must be a whole number of seconds within limits, which the error names."""
    answer = service.submit(CSV, retention_seconds=seconds)
    assert refused(service, answer, 400, "bad-option")


def test_an_option_has_one_value(service: Service) -> None:
    """An option with two values is refused: the service does not choose one."""
    answer = service.client.post("/jobs?model=length&model=deep", json=rows(0, 2))
    assert "two values" in refused(service, answer, 400, "bad-option")


def test_a_question_has_no_terms(service: Service) -> None:
    """Nothing is recorded of a question, so it cannot have a label."""
    answer = service.client.post("/sentiment?label=a:b", json=rows(0, 2))
    detail = problem(answer, 400, "unknown-option")
    assert detail.endswith("The options: model, text_column, ref_column, rename, outputs.")
