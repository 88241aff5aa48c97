"""Batches that are looked at, and those that end before they are done."""

import pytest
from openai import OpenAI
from support.in_memory import Service
from support.v1_client import content_of, create, jsonl, line, looked_at


def reconcile(service: Service) -> None:
    service.store._due.clear()
    service.reconcile()


def test_a_batch_is_looked_at_by_a_worker(service: Service, client: OpenAI) -> None:
    """It is `validating` until then, whatever happens to the file; any step may be done twice."""
    batch = create(client, jsonl(*(line(str(at)) for at in range(9))))
    client.files.delete(batch.input_file_id)
    seen = [batch.status]
    while service.dispatch.messages:
        task, *arguments = service.dispatch.messages.popleft()
        for _ in range(2):
            getattr(service.pipeline, task)(*arguments)
        seen.append(client.batches.retrieve(batch.id).status)
    assert seen[:3] == ["validating"] * 3
    assert sorted(set(seen), key=seen.index) == [
        "validating",
        "in_progress",
        "finalizing",
        "completed",
    ]
    done = client.batches.retrieve(batch.id)
    assert [one["custom_id"] for one in content_of(client, done.output_file_id)] == [
        str(at) for at in range(9)
    ]


def test_a_batch_that_is_cancelled_before_it_was_looked_at(
    service: Service, client: OpenAI
) -> None:
    """Is not scored, and keeps nothing but its input."""
    batch = create(client, jsonl(*(line(str(at)) for at in range(9))))
    messages = list(service.dispatch.messages)
    service.step()
    reading = list(service.dispatch.messages)
    assert client.batches.cancel(batch.id).status == "cancelled"
    for task, *arguments in [*messages, *reading]:
        getattr(service.pipeline, task)(*arguments)
    service.work()
    assert client.batches.retrieve(batch.id).output_file_id is None
    names = {key.rpartition("/")[2] for key in service.blobs.contents if key.startswith("jobs/")}
    assert names == {"manifest.json", "kept"}


def test_what_is_done_of_a_cancelled_batch(service: Service, client: OpenAI) -> None:
    """Can be fetched, as what is done of one whose window is over."""
    batch = create(client, jsonl(*(line(str(at)) for at in range(20))))
    while service.store.get(batch.id.removeprefix("batch_")).completed < 8:
        service.step()
    delete, service.blobs.delete = service.blobs.delete, lambda _key: None
    cancelled = client.batches.cancel(batch.id)
    assert (cancelled.status, cancelled.output_file_id) == ("cancelling", None)
    assert (bool(cancelled.cancelling_at), cancelled.cancelled_at) == (True, None)
    service.blobs.delete = delete
    reconcile(service)
    service.work()
    cancelled = client.batches.retrieve(batch.id)
    assert cancelled.status == "cancelled"
    assert cancelled.cancelled_at
    assert cancelled.request_counts
    output = content_of(client, cancelled.output_file_id)
    assert [one["custom_id"] for one in output] == [str(at) for at in range(len(output))]
    assert 8 <= len(output) == cancelled.request_counts.completed < 20


def test_a_batch_whose_window_is_over_expires(
    service: Service, client: OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it has not ended by then; what is done of it can be fetched, and no more is scored."""
    ended = looked_at(service, client, jsonl(line("1")))
    batch = create(client, jsonl(*(line(str(at)) for at in range(20))))
    while service.store.get(batch.id.removeprefix("batch_")).completed < 8:
        service.step()
    reconcile(service)
    assert client.batches.retrieve(batch.id).status == "in_progress"
    later = service.store.now() + 86400
    monkeypatch.setattr(service.store, "now", lambda: later)
    reconcile(service)
    service.work()
    expired = client.batches.retrieve(batch.id)
    assert (expired.status, expired.errors) == ("expired", None)
    assert expired.expired_at
    assert expired.request_counts
    assert len(content_of(client, expired.output_file_id)) == expired.request_counts.completed < 20
    assert client.batches.retrieve(ended.id).status == "completed"
    assert client.batches.list().data[0].status == "expired"
