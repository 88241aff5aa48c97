"""Batches that are still being checked, and those that end early: cancelled or expired."""

import pytest
from openai import OpenAI
from support.in_memory import Service
from support.v1_client import content_of, create, create_and_run, jsonl, line


def reconcile(service: Service) -> None:
    service.store._due.clear()
    service.reconcile()


def test_a_batch_is_checked_by_a_worker(service: Service, client: OpenAI) -> None:
    """Until then it is `validating`. The input file may be deleted, and any step may run twice."""
    batch = create(client, jsonl(*(line(str(n)) for n in range(9))))
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
        str(n) for n in range(9)
    ]


def test_a_batch_that_is_cancelled_before_it_was_checked(service: Service, client: OpenAI) -> None:
    """It is not scored, and its job stores nothing but the manifest and the marker `kept`."""
    batch = create(client, jsonl(*(line(str(n)) for n in range(9))))
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


def test_the_output_of_a_cancelled_batch(service: Service, client: OpenAI) -> None:
    """The requests that were scored can be downloaded."""
    batch = create(client, jsonl(*(line(str(n)) for n in range(20))))
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
    assert [one["custom_id"] for one in output] == [str(n) for n in range(len(output))]
    assert 8 <= len(output) == cancelled.request_counts.completed < 20


def test_a_batch_expires_after_its_completion_window(
    service: Service, client: OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it has not ended by then, scoring stops; what was scored can be downloaded."""
    ended = create_and_run(service, client, jsonl(line("1")))
    batch = create(client, jsonl(*(line(str(n)) for n in range(20))))
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
