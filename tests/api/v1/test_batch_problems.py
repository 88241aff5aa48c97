"""Problems of batches and errors of `/v1`, as OpenAI's client sees them."""

from typing import Any

import openai
import pytest
from openai import OpenAI
from support.in_memory import Service
from support.v1_client import content_of, create, create_and_run, jsonl, line, upload

from worker.batches.duplicates import BloomFilter


@pytest.mark.parametrize(
    ("bad", "code", "param"),
    [
        (b"{\n", "invalid_json_line", None),
        (b"[1]\n", "invalid_json_line", None),
        (b'{"custom_id": NaN}\n', "invalid_json_line", None),
        (b'{"custom_id": "\\ud800"}\n', "invalid_custom_id", "custom_id"),
        (line(""), "invalid_custom_id", "custom_id"),
        (line(7), "invalid_custom_id", "custom_id"),
        (line("x" * 513), "invalid_custom_id", "custom_id"),
        (line("a", method="GET"), "invalid_method", "method"),
        (line("a", url="/v1/embeddings"), "invalid_url", "url"),
        (line("a") | {"body": 1}, "invalid_body", "body"),
        (
            line("a") | {"body": {"model": "length", "input": "a", "text": "b"}},
            "invalid_body",
            "body.input",
        ),
        (line("a") | {"body": {"model": "length"}}, "missing_required_parameter", "body.input"),
        (line("a", body={"model": None}), "missing_required_parameter", "body.model"),
        (line("a", body={"model": "other"}), "mismatched_model", "body.model"),
        (line("1"), "duplicate_custom_id", "custom_id"),
        (line("a", body={"input": "x" * 5000}), "line_too_long", None),
    ],
)
def test_an_input_with_a_problem_fails_the_batch(
    service: Service, client: OpenAI, bad: Any, code: str, param: str | None
) -> None:
    """The problem has a code, the number of the line and the field; no line is scored."""
    batch = create_and_run(service, client, jsonl(line("1"), b"\n", bad, line("2")))
    assert batch.status == "failed"
    assert batch.errors
    assert batch.errors.data
    [problem] = batch.errors.data
    assert (problem.code, problem.line, problem.param) == (code, 3, param)
    assert problem.message
    assert client.batches.retrieve(batch.id) == batch
    assert [one.id for one in client.batches.list()] == [batch.id]
    job_id = batch.id.removeprefix("batch_")
    assert service.client.get(f"/jobs/{job_id}").json["rows"]["completed"] == 0
    left = [key for key in service.blobs.contents if key.startswith("jobs/")]
    assert left == [f"jobs/{job_id}/manifest.json"]
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(batch.id)


def test_an_empty_batch_or_one_of_an_unknown_model_fails(client: OpenAI) -> None:
    """It fails at once, with the code of the problem."""
    for content, code in (
        (b"", "empty_file"),
        (b"\n\n", "empty_file"),
        (jsonl(line("1", body={"model": "nobody"})), "model_not_found"),
    ):
        batch = create(client, content)
        assert batch.status == "failed"
        assert batch.errors
        assert batch.errors.data
        assert [one.code for one in batch.errors.data] == [code]


def test_only_the_first_problems_are_reported(service: Service, client: OpenAI) -> None:
    """After 50 problems the rest of the input is not read; this needs no line with a model."""
    batch = create_and_run(service, client, b"nonsense\n" * 1000)
    assert batch.errors
    assert batch.errors.data
    assert [one.line for one in batch.errors.data] == list(range(1, 51))


def test_duplicates_are_found_among_many(service: Service, client: OpenAI) -> None:
    """Only real duplicates are reported, even if the Bloom filter is too small and doubts more."""
    numbers = [*range(3000), 17, 2999, 17]
    small = BloomFilter(1)
    for number in numbers:
        small.add(str(number))
    assert len(small.candidates) > 100
    named = list(enumerate(map(str, numbers)))
    assert list(small.duplicates(named)) == [(3000, "17"), (3001, "2999"), (3002, "17")]
    batch = create_and_run(service, client, jsonl(*(line(str(number)) for number in numbers)))
    assert batch.errors
    assert batch.errors.data
    assert [one.line for one in batch.errors.data] == [3001, 3002, 3003]


def test_text_in_place_of_input_and_a_byte_order_mark(service: Service, client: OpenAI) -> None:
    """Both are accepted, and unknown fields of a body are ignored."""
    body = {"model": "length", "text": "four", "encoding_format": "float"}
    batch = create(client, b"\xef\xbb\xbf" + jsonl(line('\u00e9 "1"') | {"body": body}).rstrip())
    service.work()
    [row] = content_of(client, client.batches.retrieve(batch.id).output_file_id)
    assert row["custom_id"] == '\u00e9 "1"'
    assert row["response"]["body"]["Sentiment_Score"] == 0.04


def test_half_of_a_character_in_a_text_is_an_error_of_its_row(
    service: Service, client: OpenAI
) -> None:
    """The other requests of the batch are scored."""
    broken = jsonl(line("2")).replace(b'"input": "', b'"input": "\\ud83d')
    assert b"ud83d" in broken
    batch = create_and_run(service, client, jsonl(line("1"), broken, line("3")))
    assert batch.request_counts
    assert (batch.status, batch.request_counts.failed) == ("completed", 1)
    assert batch.error_file_id
    [row] = content_of(client, batch.error_file_id)
    assert row["custom_id"] == "2"
    assert "half of a character" in str(row)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"endpoint": "/v1/embeddings"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"input_file_id": 7}, "input_file_id"),
        ({"metadata": [1]}, "metadata"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {"a" * 65: ""}}, "metadata"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, "output_expires_after"),
    ],
)
def test_a_request_with_a_wrong_field_is_refused(
    client: OpenAI, changes: dict[str, Any], param: str
) -> None:
    """The error names the field."""
    body: dict[str, Any] = {
        "input_file_id": upload(client, jsonl(line("1"))),
        "endpoint": "/v1/sentiment",
        "completion_window": "24h",
        **changes,
    }
    with pytest.raises(openai.BadRequestError) as raised:
        client.batches.create(**body)
    assert (raised.value.param, raised.value.code) == (param, "bad_request_field")
    assert isinstance(raised.value.message, str)


def test_errors_below_v1_have_its_shape(service: Service, client: OpenAI) -> None:
    """Every error below `/v1` has the shape of OpenAI's; other paths answer with problems."""
    with pytest.raises(openai.BadRequestError) as raised:
        client.files.create(file=b"{}", purpose="vision")
    assert (raised.value.param, raised.value.type) == ("purpose", "invalid_request_error")
    for path, status in (
        ("/v1/batches/batch_1", 404),
        ("/v1/files/file-1", 404),
        ("/v1/nowhere", 404),
        ("/v1/files/file-%2e%2e", 404),
        ("/v1/batches?limit=x", 400),
        ("/v1/files?after=x", 404),
    ):
        answer = service.client.get(path)
        assert (answer.status_code, answer.mimetype) == (status, "application/json")
        assert set(answer.json["error"]) == {"message", "type", "param", "code"}
    assert service.client.put("/v1/files").json["error"]["code"] == "method_not_allowed"
    assert service.client.get("/nowhere").mimetype == "application/problem+json"
