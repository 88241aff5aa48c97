"""Files and batches of `/v1`, used with OpenAI's client."""

from typing import Any

import openai
import pytest
from openai import OpenAI
from support.doubles.length_model import length_score
from support.in_memory import Service
from support.v1_client import content_of, create, jsonl, line, upload


def test_a_batch_from_its_file_to_its_results(service: Service, client: OpenAI) -> None:
    """Each request has its result under its `custom_id`; errors are in a file of their own."""
    texts: list[Any] = ["x" * (length + 1) for length in range(40)]
    texts[3], texts[17], texts[30] = "", "raise", None
    content = jsonl(*(line(f"r{n}", body={"input": text}) for n, text in enumerate(texts)))
    batch = create(client, content, metadata={"run": "nightly"})
    assert (batch.status, batch.model, batch.metadata) == (
        "validating",
        "length",
        {"run": "nightly"},
    )
    assert batch.request_counts
    assert batch.request_counts.total == 0
    assert batch.in_progress_at is None
    service.work()
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed"
    assert batch.completed_at
    assert batch.in_progress_at
    counts = batch.request_counts
    assert counts
    assert (counts.total, counts.completed, counts.failed) == (40, 37, 3)
    output, errors = (
        content_of(client, one) for one in (batch.output_file_id, batch.error_file_id)
    )
    assert [one["custom_id"] for one in output] == [
        f"r{n}" for n in range(40) if n not in (3, 17, 30)
    ]
    for one in output:
        n = int(one["custom_id"][1:])
        assert one["error"] is None
        assert one["response"]["status_code"] == 200
        assert one["response"]["body"] == {
            "object": "sentiment",
            "model": "length",
            "Sentiment_Score": length_score(texts[n]),
        }
    assert [
        (
            one["custom_id"],
            one["response"]["status_code"],
            one["response"]["body"]["error"]["message"],
        )
        for one in errors
    ] == [
        ("r3", 400, "the text is empty"),
        ("r17", 500, "the model could not score this text: ValueError"),
        ("r30", 400, "the text is missing"),
    ]
    assert len({one["id"] for one in output + errors}) == 40


def test_the_files_of_a_batch(service: Service, client: OpenAI) -> None:
    """Their length is exact, any range of them can be read, and they can be deleted."""
    batch = create(client, jsonl(*(line(str(n)) for n in range(30))))
    service.work()
    batch = client.batches.retrieve(batch.id)
    assert batch.output_file_id
    assert batch.error_file_id is None
    file = client.files.retrieve(batch.output_file_id)
    whole = client.files.content(file.id).content
    assert (file.bytes, file.purpose, file.object) == (len(whole), "batch_output", "file")
    part = service.client.get(f"/v1/files/{file.id}/content", headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.data) == (206, whole[100:300])
    client.files.delete(file.id)
    for call in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError):
            call(file.id)
    assert client.batches.retrieve(batch.id).output_file_id is None


def test_files_are_stored_listed_and_deleted(client: OpenAI) -> None:
    """They are stored unchanged, and listed in pages, the newest first by default."""
    contents = [jsonl(line(str(n))) for n in range(5)]
    ids = [upload(client, content) for content in contents]
    # Ids sort by the millisecond of their creation; within one millisecond their order is random.
    newest_first = sorted(ids, reverse=True)
    file = client.files.retrieve(ids[2])
    assert (file.filename, file.bytes, file.status) == (
        "reviews.jsonl",
        len(contents[2]),
        "processed",
    )
    assert client.files.content(ids[2]).content == contents[2]
    assert [one.id for one in client.files.list(limit=2)] == newest_first
    assert [one.id for one in client.files.list(purpose="batch")] == newest_first
    assert [one.id for one in client.files.list(order="asc", limit=2)] == newest_first[::-1]
    after = client.files.list(order="asc", after=newest_first[3], limit=2)
    assert [one.id for one in after.data] == newest_first[2:0:-1]
    with pytest.raises(openai.BadRequestError):
        client.files.list(order="newest")  # type: ignore[arg-type]
    assert [one.id for one in client.files.list(purpose="vision")] == []
    assert client.files.delete(ids[2]).deleted
    assert [one.id for one in client.files.list(limit=2)] == [
        one for one in newest_first if one != ids[2]
    ]
    with pytest.raises(openai.NotFoundError) as raised:
        client.files.retrieve(ids[2])
    assert raised.value.code == "no_such_file"
    assert raised.value.type == "invalid_request_error"


def test_batches_are_listed_and_cancelled(service: Service, client: OpenAI) -> None:
    """They are listed in pages, the newest first; a batch that has ended cannot be cancelled."""
    batches = [create(client, jsonl(line("1"))) for _ in range(5)]
    page = client.batches.list(limit=2)
    assert page.has_more
    assert [one.id for one in page] == sorted((one.id for one in batches), reverse=True)
    cancelled = client.batches.cancel(batches[0].id)
    assert (cancelled.status, cancelled.output_file_id) == ("cancelled", None)
    assert cancelled.cancelled_at
    service.work()
    assert client.batches.retrieve(batches[0].id).status == "cancelled"
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(batches[1].id)
    job = service.client.get(f"/jobs/{batches[1].id.removeprefix('batch_')}").json
    assert job["state"] == "succeeded"
