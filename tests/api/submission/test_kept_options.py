"""A job tells the options that it was submitted with, so that another file can follow it."""

import io
from typing import Any

import pytest
from support.in_memory import Service

from api.submission.given_options import MOST_CHARS

CSV = b"id;review;stars\n7;fine;5\n8;dull;1\n"
OPTIONS = {
    "text_column": "review",
    "ref_column": "id",
    "delimiter": "semicolon",
    "columns": "stars",
    "format": "ndjson",
    "retention_seconds": "86400",
}


def submit(service: Service, content: bytes = CSV, kind: str = "text/csv", **options: Any) -> Any:
    answer = service.client.post("/jobs", data=content, content_type=kind, query_string=options)
    assert answer.status_code == 202, answer.text
    return answer.json


def test_another_file_is_submitted_likewise(service: Service) -> None:
    """With the options that a job tells, another job reads and writes rows in the same way."""
    job = submit(service, **OPTIONS)
    assert job["options"] == OPTIONS
    assert service.client.get(job["links"]["self"]).json["options"] == OPTIONS
    assert submit(service, **job["options"])["options"] == OPTIONS


def test_what_other_fields_tell_is_not_repeated(service: Service) -> None:
    """Defaults, the model, the labels and `on_error` are no further options."""
    job = submit(
        service, b"text\nfine\n", label="team:growth", on_error="0.5", decimal="point", format="csv"
    )
    assert job["options"] == {}


def test_a_content_type_is_told_as_options(service: Service) -> None:
    """What the request said by the content type of the file, another one may not say."""
    content = "text\tref\ntrès bien\t1\n".encode("latin-1")
    job = submit(service, content, "text/tab-separated-values; charset=latin-1")
    assert job["options"] == {"delimiter": "tab", "charset": "latin-1"}


def test_fields_after_the_file_are_told_too(service: Service) -> None:
    """The options of a form are complete at its end."""
    form = {"file": (io.BytesIO(b"text,stars\nfine,5\n"), "walk.csv"), "columns": "all"}
    job = service.client.post("/jobs", data=form).json
    assert job["options"] == {"columns": "all"}


@pytest.mark.parametrize("kind", ["small", "bulk"])
def test_a_retry_tells_its_own_retention(service: Service, kind: str) -> None:
    """A retry has the options of the old job, except those that it was given."""
    small = b'[{"text": "fine", "stars": 5}]'
    content, media_type = (small, "application/json") if kind == "small" else (CSV, "text/csv")
    options = {"columns": "stars"} if kind == "small" else OPTIONS
    old = submit(service, content, media_type, **options)
    service.client.post(old["links"]["cancel"])
    new = service.client.post(old["links"]["retry"], query_string={"retention_seconds": 60}).json
    assert new["options"] == options | {"retention_seconds": "60"}


def test_options_that_fit_into_no_address_are_not_told(service: Service) -> None:
    """They would come with each state of the job; null says that they are not told."""
    name = "a" * (MOST_CHARS + 1)
    form = {"columns": name, "file": (io.BytesIO(f"text,{name}\nfine,5\n".encode()), "walk.csv")}
    assert service.client.post("/jobs", data=form).json["options"] is None
