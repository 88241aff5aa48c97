"""Options of a job, through both clients."""

import gzip
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.transports import Working

from api.requests import options
from scorelane.client.errors import BadRequest
from scorelane.client.options import JobOptions

#: The client's name of an option -> the service's, where they differ.
SERVICE_NAMES = {"labels": "label"}


def test_the_client_has_the_options_of_the_service() -> None:
    """The client's keywords are exactly the options of `POST /jobs`, but those of dry runs."""
    client_options = {SERVICE_NAMES.get(name, name) for name in JobOptions.__annotations__}
    dry_runs = {"validate", "guess", "total_bytes"}
    assert client_options == {one.name for one in fields(options.JobOptions)} - dry_runs


def test_options_reach_the_service(client: Any) -> None:
    """Every option has its effect; None leaves the service's default."""
    job = client.submit(
        "id;tweet\n1;na\u00efve\n2;\n".encode("latin-1"),
        model=None,
        text_column="tweet",
        ref_column="id",
        delimiter=";",
        charset="latin-1",
        on_error=0.5,
        labels={"team": "growth", "run": "a:b"},
        retention_seconds=100,
    ).wait()
    assert job.as_frame()["ref"].tolist() == ["1", "2"]
    assert job.as_frame()["Sentiment_Score"][0] == 0.05
    assert job.labels == {"team": "growth", "run": "a:b"}
    assert job.representation["on_error"] == 0.5


@pytest.mark.parametrize("kind", ["frame", "rows", "bytes", "path", "gzip"])
def test_options_of_any_length(client: Any, tmp_path: Path, kind: str) -> None:
    """Options that are too long for an address are sent as fields of a form, before the rows."""
    names = [f"\u0441\u0442\u043e\u043b\u0431\u0435\u0446 {number}" for number in range(200)]
    labels = {f"k{number}": "\u0436" * 200 for number in range(16)}
    frame = pd.DataFrame({"text": ["hello"], **{name: [name] for name in names}})
    content = frame.to_csv(index=False).encode()
    path = tmp_path / ("a.csv.gz" if kind == "gzip" else "a.csv")
    path.write_bytes(gzip.compress(content) if kind == "gzip" else content)
    by_kind = {"frame": frame, "rows": frame.to_dict("records"), "bytes": content}
    source = by_kind.get(kind, path)
    report = client.validate(source, columns=names)
    assert (report["looked_at"]["rows"], list(client.jobs())) == (1, [])
    sent: list[int] = []
    job = client.submit(source, columns=names, labels=labels, on_sent=sent.append).wait()
    assert job.as_frame()[names].iloc[0].tolist() == names
    assert job.labels == labels
    assert sent == sorted(sent)
    if kind in ("path", "gzip"):
        assert sent[-1] == path.stat().st_size


def test_a_dry_run(client: Any) -> None:
    """`validate` returns the service's report, and makes no job."""
    report = client.validate(
        b"id;tweet\n7;hello\n8;\n", text_column="tweet", ref_column="id", delimiter=";"
    )
    assert report["columns"] == ["id", "tweet"]
    assert [row["ref"] for row in report["first_rows"]] == ["7", "8"]
    assert client.validate(["hello", "hello you"])["looked_at"]["rows"] == 2
    with pytest.raises(BadRequest, match="no column 'text'"):
        client.validate(b"id,tweet\n7,hello\n")
    assert list(client.jobs()) == []


def test_guesses(client: Any) -> None:
    """With `guess` the report names the options of a submission that is read as it shows."""
    source = "id;Review\n7;na\u00efve\n8;old\n".encode("latin-1")
    report = client.validate(source, guess=True)
    assert [row["text"] for row in report["first_rows"]] == ["na\u00efve", "old"]
    job = client.submit(source, **report["options"]).wait()
    assert job.as_frame()["ref"].tolist() == ["7", "8"]
    # In a form, if the options are long.
    many = {f"key{number}": "x" * 250 for number in range(16)}
    assert client.validate(source, guess=True, labels=many)["guessed"] == report["guessed"]


def test_a_job_that_allows_no_errors(client: Any) -> None:
    """With `on_error="fail"` a row without a score fails the job; its `error` says why."""
    job = client.submit(b'text\n""\n', on_error="fail").wait()
    assert job.state == "failed"
    assert "the text is empty" in job.error


def test_an_unknown_option(client: Any, working: Working) -> None:
    """The service refuses a misspelt option, and lists the valid ones."""
    with pytest.raises(
        BadRequest, match=r"'txet' is not an option of this request\. The options: .*charset"
    ):
        client.submit(b"text\nhello\n", txet="tweet")
    assert working.requests


def test_a_frame_has_no_quoting_of_its_own(client: Any) -> None:
    """The client writes its CSV with quotes: to read that without quoting would change texts."""
    with pytest.raises(ValueError, match="quoting"):
        client.submit(pd.DataFrame({"text": ['a "b" c']}), quoting="none")
