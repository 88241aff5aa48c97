"""A JSON body has rows or the addresses of files, and it is never a guess which."""

from typing import Any

import pytest
from support.doubles.table_model import TableModel
from support.in_memory import make_service
from support.places import Bucket
from support.problems import problem

from api.uploads.formats import ADDRESSES
from shared.config.settings import Settings

CSV = b"text\na\nbb\n"


@pytest.fixture
def bucket(settings: Settings) -> Bucket:
    """A bucket with one file."""
    bucket = Bucket(settings)
    bucket.write("a.csv", CSV)
    return bucket


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({"ref": 1, "text": "s3://data/a.csv"}, {}),
        ({"text": ["s3://data/a.csv"]}, {}),
        ({"text": "a", "input": "s3://data/a.csv"}, {"columns": "input"}),
        ({"text": ["a"], "input": ["s3://data/a.csv"], "more": ["x"]}, {}),
        ([{"input": "s3://data/a.csv"}], {"text_column": "input"}),
        ([{"input": "s3://data/a.csv", "text": "a"}], {}),
        ({"input": ["a text"]}, {"text_column": "input"}),
        ({"input": {"0": "a text"}}, {"text_column": "input"}),
        ({"input": "s3://data/a.csv", "n": 1}, {"text_column": "input"}),
    ],
)
def test_rows_stay_rows(bucket: Bucket, body: Any, query: dict[str, str]) -> None:
    """A body that has the columns of the model has rows, whatever else is in it."""
    accepted = bucket.submit(body, **query)
    assert accepted.status_code == 202, accepted.text
    assert accepted.json["rows"]["total"] == 1
    assert accepted.json["input"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"input": "s3://data/a.csv"},
        {"input": ["s3://data/a.csv"]},
        {"input": "s3://data/"},
        {"input": "s3://data/a.csv", "output": "s3://data/out/"},
        {"input": "s3://data/a.csv", "model": "length", "label": ["a:b"]},
    ],
)
def test_addresses_are_read(bucket: Bucket, body: Any) -> None:
    """A body whose `input` is an address, and which has no column of the model, has addresses."""
    accepted = bucket.submit({**body, "output": None} if "output" not in body else body)
    assert accepted.status_code == 202, accepted.text
    assert accepted.json["input"]["files"] == 1
    assert accepted.json["rows"]["total"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"input": "s3://data/a.csv"},
        {"input": ["s3://data/a.csv", "s3://data/b.csv"]},
        {"input": ["https://example.org/a text"]},
        {"input": "s3://data/a.csv", "label": "a:b"},
    ],
)
def test_what_may_be_either_is_refused(bucket: Bucket, body: Any) -> None:
    """If `input` is the column of the texts, and all texts are addresses, the client must say."""
    detail = problem(bucket.submit(body, text_column="input"), 422, "rows-or-addresses")
    assert ADDRESSES in detail
    assert "[{" in detail


def test_the_content_type_says_that_there_are_no_rows(bucket: Bucket) -> None:
    """With the content type of addresses the body is never read as rows."""
    accepted = bucket.service.client.post(
        "/jobs?text_column=input",
        data=b'{"input": "s3://data/b.csv"}',
        content_type=ADDRESSES,
    )
    problem(accepted, 422, "source-missing")
    body = b'{"input": ["a text"]}'
    answer = bucket.service.client.post("/jobs", data=body, content_type=ADDRESSES)
    problem(answer, 422, "bad-place")


def test_a_table_with_a_column_input(settings: Settings) -> None:
    """A model that takes several columns gets rows, if all its columns are in the body."""
    service = make_service(settings, model=TableModel())
    names = [one.name for one in service.model.card.signature.inputs]
    rename = f"input:{names[0]}"
    body = {"input": ["s3://data/a.csv"], **{name: [None] for name in names[1:]}}
    answer = service.client.post(f"/jobs?rename={rename}", json=body)
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"input": "http://example.org/a.csv"}, "bad-place"),
        ({"input": "file:///etc/passwd"}, "bad-place"),
        ({"input": ["s3://data/a.csv", 7]}, "no-such-column"),
        ({"input": []}, "no-such-column"),
        ({"input": "a.csv"}, "no-such-column"),
        ({"input": "s3://data/a.csv", "output": 7}, "bad-place"),
        ({"input": "s3://data/a.csv", "output": "out/"}, "bad-place"),
        ({"input": 7, "output": "s3://data/out/"}, "bad-place"),
        ({"input": "s3://data/a.csv", "modle": "length"}, "unknown-option"),
        ({"input": "s3://data/a.csv", "columns": {"a": 1}}, "bad-option"),
        ({"input": "s3://data/a.csv", "validate": "true"}, "bad-option"),
        ({"input": "s3://data/a.csv", "total_bytes": 7}, "bad-option"),
        ({"input": "s3://key:secret@data/a.csv"}, "bad-place"),
        ({"input": "https://example.org/a.csv?sig=secret"}, "bad-place"),
        ({"input": ["s3://data/a.csv"] * 101}, "bad-place"),
    ],
)
def test_what_cannot_be_used_is_refused(bucket: Bucket, body: Any, code: str) -> None:
    """Each with its reason, which quotes no password and no signature."""
    answer = bucket.submit(body)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json["type"].endswith(f":{code}"), answer.text
    assert "secret" not in answer.text


def test_options_in_the_body_mean_the_same_as_in_the_query(bucket: Bucket) -> None:
    """Lists, numbers and objects are taken as well as texts."""
    bucket.write("b.csv", b'key;said;a,b\n7;"x";y\n')
    rows = bucket.scored(
        {
            "input": "s3://data/b.csv",
            "text_column": "said",
            "ref_column": "key",
            "columns": ["a,b", "said"],
            "delimiter": "semicolon",
            "retention_seconds": 100,
            "label": {"team": "growth"},
        }
    )
    assert [(row["ref"], row["a,b"], row["said"]) for row in rows] == [("7", "y", "x")]
    job = bucket.service.client.get("/jobs?label=team:growth").json["jobs"][0]
    assert job["options"]["columns"] == '"a,b",said'
