"""Files and batches by the client that knows them, on the service in memory."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from doubles.length_model import length_score
from in_memory import Service, make_service
from openai import OpenAI
from openai.types import Batch
from pydantic import SecretStr

from api.keys import new_key
from api.v1 import lines as lines_module
from shared.job import ENDED
from shared.settings import Settings
from worker.reconciler import Reconciler

ALICE, BOB, ADMIN = (new_key(owner, scopes) for owner, scopes in (
    ("alice", "submit,read"), ("bob", "submit,read"), ("root", "admin")
))  # fmt: skip


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_record_bytes": 4000, "max_files": 12})


@pytest.fixture
def client(service: Service) -> Iterator[OpenAI]:
    with client_of(service) as client:
        yield client


def client_of(service: Service, key: str = "none") -> OpenAI:
    transport = httpx2.WSGITransport(app=service.app)
    http = httpx2.Client(transport=transport)
    return OpenAI(base_url="http://here/v1", api_key=key, http_client=http, max_retries=0)


def line(custom_id: Any, **changes: Any) -> dict[str, Any]:
    body = {"model": "length", "input": "I am well"} | changes.pop("body", {})
    return {
        "custom_id": custom_id, "method": "POST", "url": "/v1/sentiment", "body": body, **changes
    }  # fmt: skip


def jsonl(*requests: Any) -> bytes:
    return b"".join(
        one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in requests
    )


def upload(client: OpenAI, content: bytes) -> str:
    return client.files.create(file=("reviews.jsonl", content), purpose="batch").id


def create(client: OpenAI, content: bytes, **more: Any) -> Batch:
    endpoint: Any = "/v1/sentiment"
    return client.batches.create(
        input_file_id=upload(client, content), endpoint=endpoint, completion_window="24h", **more
    )


def content_of(client: OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    assert file_id
    text = client.files.content(file_id).text
    return [json.loads(one) for one in text.splitlines()]


def test_a_batch_from_its_file_to_its_results(service: Service, client: OpenAI) -> None:
    """Each request has its answer, by its custom_id; errors are in a file of their own."""
    texts: list[Any] = ["x" * (at + 1) for at in range(40)]
    texts[3], texts[17], texts[30] = "", "raise", None
    sent = jsonl(*(line(f"r{at}", body={"input": text}) for at, text in enumerate(texts)))
    batch = create(client, sent, metadata={"run": "nightly"})
    assert (batch.status, batch.model, batch.metadata) == (
        "validating",
        "length",
        {"run": "nightly"},
    )
    assert batch.request_counts
    assert batch.request_counts.total == 40
    service.work()
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed"
    assert batch.completed_at
    counts = batch.request_counts
    assert counts
    assert (counts.total, counts.completed, counts.failed) == (40, 37, 3)
    output, errors = (
        content_of(client, one) for one in (batch.output_file_id, batch.error_file_id)
    )
    assert [one["custom_id"] for one in output] == [
        f"r{at}" for at in range(40) if at not in (3, 17, 30)
    ]
    for one in output:
        at = int(one["custom_id"][1:])
        assert one["error"] is None
        assert one["response"]["status_code"] == 200
        assert one["response"]["body"] == {
            "object": "sentiment", "model": "length", "Sentiment_Score": length_score(texts[at]),
        }  # fmt: skip
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


def test_what_is_known_of_a_batchs_files(service: Service, client: OpenAI) -> None:
    """Their length to the byte, and any range of them."""
    batch = create(client, jsonl(*(line(str(at)) for at in range(30))))
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
    for ask in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError):
            ask(file.id)
    assert client.batches.retrieve(batch.id).output_file_id is None


def test_files_are_kept_listed_and_deleted(client: OpenAI) -> None:
    """As they were sent, the newest first, a page at a time."""
    sent = [jsonl(line(str(at))) for at in range(5)]
    ids = [upload(client, content) for content in sent]
    # Ids sort by the millisecond that they were made in; within one in any order.
    newest_first = sorted(ids, reverse=True)
    file = client.files.retrieve(ids[2])
    assert (file.filename, file.bytes, file.status) == ("reviews.jsonl", len(sent[2]), "processed")
    assert client.files.content(ids[2]).content == sent[2]
    assert [one.id for one in client.files.list(limit=2)] == newest_first
    assert [one.id for one in client.files.list(purpose="batch")] == newest_first
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
    """The newest first, a page at a time; one that has ended is not cancelled any more."""
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


@pytest.mark.parametrize(
    ("bad", "code", "param"),
    [
        (b"{\n", "invalid_json_line", None),
        (b"[1]\n", "invalid_json_line", None),
        (b'{"custom_id": "\\ud800"}\n', "invalid_json_line", None),
        (line(""), "invalid_custom_id", "custom_id"),
        (line(7), "invalid_custom_id", "custom_id"),
        (line("x" * 513), "invalid_custom_id", "custom_id"),
        (line("a", method="GET"), "invalid_method", "method"),
        (line("a", url="/v1/embeddings"), "invalid_url", "url"),
        (line("a") | {"body": 1}, "invalid_body", "body"),
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
    """With the number of the line and what is wrong; nothing of it is scored."""
    batch = create(client, jsonl(line("1"), b"\n", bad, line("2")))
    assert batch.status == "failed"
    assert batch.errors
    assert batch.errors.data
    [problem] = batch.errors.data
    assert (problem.code, problem.line, problem.param) == (code, 3, param)
    assert problem.message
    assert client.batches.retrieve(batch.id) == batch
    assert [one.id for one in client.batches.list()] == [batch.id]
    assert not service.dispatch.messages
    assert service.blobs.folders("jobs/") == []
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(batch.id)


def test_a_batch_of_nothing_or_of_no_model_fails(client: OpenAI) -> None:
    """And says so."""
    for content, code in (
        (b"", "empty_file"), (b"\n\n", "empty_file"),
        (jsonl(line("1", body={"model": "nobody"})), "model_not_found"),
    ):  # fmt: skip
        batch = create(client, content)
        assert batch.status == "failed"
        assert batch.errors
        assert batch.errors.data
        assert [one.code for one in batch.errors.data] == [code]


def test_many_problems_are_not_all_told(client: OpenAI) -> None:
    """The first ones, and the rest is not read."""
    batch = create(client, b"nonsense\n" * 1000)
    assert batch.errors
    assert batch.errors.data
    assert [one.line for one in batch.errors.data] == list(range(1, 51))


def test_what_comes_twice_is_found_among_many(client: OpenAI) -> None:
    """Exactly: also where a short memory takes others for seen, which were not."""
    numbers = [*range(3000), 17, 2999, 17]
    small = lines_module.Sieve(1)
    for number in numbers:
        small.see(str(number))
    assert len(small.in_doubt) > 100
    named = list(enumerate(map(str, numbers)))
    assert list(small.twice(named)) == [(3000, "17"), (3001, "2999"), (3002, "17")]
    batch = create(client, jsonl(*(line(str(number)) for number in numbers)))
    assert batch.errors
    assert batch.errors.data
    assert [one.line for one in batch.errors.data] == [3001, 3002, 3003]


def test_text_is_as_good_as_input_and_a_byte_order_mark_does_no_harm(
    service: Service, client: OpenAI
) -> None:
    """What else is in a body is not looked at."""
    body = {"model": "length", "text": "four", "encoding_format": "float"}
    batch = create(client, b"\xef\xbb\xbf" + jsonl(line('\u00e9 "1"') | {"body": body}).rstrip())
    service.work()
    [row] = content_of(client, client.batches.retrieve(batch.id).output_file_id)
    assert row["custom_id"] == '\u00e9 "1"'
    assert row["response"]["body"]["Sentiment_Score"] == 0.04


@pytest.mark.parametrize(
    ("changes", "param"),
    [({"endpoint": "/v1/embeddings"}, "endpoint"),
     ({"completion_window": "1h"}, "completion_window"),
     ({"input_file_id": 7}, "input_file_id"), ({"metadata": [1]}, "metadata"),
     ({"metadata": {"a": 1}}, "metadata"), ({"metadata": {"a" * 65: ""}}, "metadata"),
     ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, "output_expires_after")],
)  # fmt: skip
def test_a_request_that_cannot_be_is_refused(
    client: OpenAI, changes: dict[str, Any], param: str
) -> None:
    """With what of it is meant."""
    asked: dict[str, Any] = {
        "input_file_id": upload(client, jsonl(line("1"))), "endpoint": "/v1/sentiment",
        "completion_window": "24h", **changes,
    }  # fmt: skip
    with pytest.raises(openai.BadRequestError) as raised:
        client.batches.create(**asked)
    assert (raised.value.param, raised.value.code) == (param, "bad_request_field")
    assert isinstance(raised.value.message, str)


def test_errors_below_v1_have_its_shape(service: Service, client: OpenAI) -> None:
    """All of them; those of other addresses keep theirs."""
    with pytest.raises(openai.BadRequestError) as raised:
        client.files.create(file=b"{}", purpose="vision")
    assert (raised.value.param, raised.value.type) == ("purpose", "invalid_request_error")
    for path, status in (
        ("/v1/batches/batch_1", 404), ("/v1/files/file-1", 404), ("/v1/nowhere", 404),
        ("/v1/files/file-%2e%2e", 404), ("/v1/batches?limit=x", 400), ("/v1/files?after=x", 404),
    ):  # fmt: skip
        answer = service.client.get(path)
        assert (answer.status_code, answer.mimetype) == (status, "application/json")
        assert set(answer.json["error"]) == {"message", "type", "param", "code"}
    assert service.client.put("/v1/files").json["error"]["code"] == "method_not_allowed"
    assert service.client.get("/nowhere").mimetype == "application/problem+json"


def test_how_long_things_are_kept_can_be_said(service: Service, client: OpenAI) -> None:
    """Of a file, and of what a batch makes; by default as of any job."""
    content = jsonl(line("1"))
    file = client.files.create(
        file=content, purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert file.expires_at
    assert file.expires_at - file.created_at == 3600
    plain = client.files.retrieve(upload(client, content))
    assert plain.expires_at
    assert plain.expires_at - plain.created_at == 7 * 86400
    batch = create(client, content, output_expires_after={"anchor": "created_at", "seconds": 7200})
    service.work()
    output = client.batches.retrieve(batch.id).output_file_id
    assert output
    made = client.files.retrieve(output)
    assert made.expires_at
    assert made.expires_at - made.created_at == 7200
    with pytest.raises(openai.BadRequestError) as raised:
        client.files.create(
            file=content, purpose="batch", expires_after={"anchor": "created_at", "seconds": 1}
        )
    assert raised.value.param == "expires_after[seconds]"


def test_there_is_room_for_so_many_files(client: OpenAI, settings: Settings) -> None:
    """One more is refused, until one is deleted."""
    ids = [upload(client, b"{}") for _ in range(settings.max_files)]
    with pytest.raises(openai.RateLimitError) as raised:
        upload(client, b"{}")
    assert raised.value.code == "files_full"
    client.files.delete(ids[0])
    upload(client, b"{}")


def test_nobody_sees_what_is_not_theirs(settings: Settings) -> None:
    """Neither the files nor the batches of another owner; an admin sees all."""
    lines = ";".join(key_line for _, key_line in (ALICE, BOB, ADMIN))
    service = make_service(settings.model_copy(update={"api_keys": SecretStr(lines)}))
    alice, bob, admin = (client_of(service, key) for key, _ in (ALICE, BOB, ADMIN))
    batch = create(alice, jsonl(line("1")))
    service.work()
    batch = alice.batches.retrieve(batch.id)
    assert batch.output_file_id
    for ask in (
        lambda who: who.files.retrieve(batch.input_file_id),
        lambda who: who.files.content(batch.input_file_id),
        lambda who: who.files.retrieve(batch.output_file_id),
        lambda who: who.files.content(batch.output_file_id),
        lambda who: who.batches.retrieve(batch.id),
        lambda who: who.batches.create(
            input_file_id=batch.input_file_id, endpoint="/v1/sentiment", completion_window="24h"
        ),
    ):
        with pytest.raises(openai.NotFoundError):
            ask(bob)
        ask(admin)
    with pytest.raises(openai.NotFoundError):
        bob.files.delete(batch.output_file_id)
    assert list(bob.files.list()) == list(bob.batches.list()) == []
    assert [one.id for one in alice.files.list()] == [batch.input_file_id]
    assert batch.id in [one.id for one in admin.batches.list()]
    with pytest.raises(openai.AuthenticationError) as raised:
        list(client_of(service, "wrong").files.list())
    assert raised.value.type == "authentication_error"
    for one in (alice, bob, admin):
        one.close()


def reconcile(service: Service, settings: Settings) -> None:
    service.store._due.clear()
    Reconciler(
        settings, store=service.store, blobs=service.blobs, dispatch=service.dispatch,
        fleet=service.fleet,
    ).reconcile([service.model.card.full_name])  # fmt: skip


def v1_blobs(service: Service) -> list[str]:
    return [key for key in service.blobs.contents if key.startswith("v1/")]


def test_files_and_batches_go_after_their_time(
    service: Service, client: OpenAI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file when it expires, a batch with its job; what is in time stays."""
    batch = create(client, jsonl(line("1")))
    service.work()
    create(client, b"nonsense")
    before = v1_blobs(service)
    reconcile(service, settings)
    assert v1_blobs(service) == before
    assert len(before) == 2 * 2 + 2
    later = service.store.now() + settings.retention_seconds + 1
    monkeypatch.setattr(service.store, "now", lambda: later)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(batch.input_file_id)
    assert list(client.files.list()) == []
    service.store._settings = settings.model_copy(update={"retention_seconds": -1.0})
    reconcile(service, settings)
    reconcile(service, settings)
    assert v1_blobs(service) == []


def test_what_is_left_of_half_an_upload_is_removed(service: Service, settings: Settings) -> None:
    """When nothing was written to it for long; so is a batch whose job was deleted."""
    service.blobs.put(f"v1/files/of-/{'0' * 32}/content", b"{}")
    with client_of(service) as client:
        deleted = create(client, jsonl(line("1"))).id.removeprefix("batch_")
    service.client.delete(f"/jobs/{deleted}")
    reconcile(service, settings)
    assert len(v1_blobs(service)) == 4
    service.blobs.quiet = settings.orphan_seconds + 1
    reconcile(service, settings)
    assert sorted(key.rpartition("/")[2] for key in v1_blobs(service)) == ["content", "record.json"]


def test_a_batch_outlives_a_redis_that_loses_everything(
    service: Service, client: OpenAI, settings: Settings
) -> None:
    """Its record is in the blob store, and its job is restored from there."""
    batch = create(client, jsonl(*(line(str(at)) for at in range(9))))
    service.store._records.clear()
    service.dispatch.messages.clear()
    with pytest.raises(openai.InternalServerError):
        client.batches.retrieve(batch.id)
    reconcile(service, settings)
    service.store._records[batch.id.removeprefix("batch_")].split_lease = 0.0
    reconcile(service, settings)
    service.work()
    done = client.batches.retrieve(batch.id)
    assert done.status == "completed"
    assert len(content_of(client, done.output_file_id)) == 9
    assert service.store.get(batch.id.removeprefix("batch_")).state in ENDED
