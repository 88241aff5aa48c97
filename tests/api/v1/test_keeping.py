"""Files and batches: how long they are stored, how many, and who may see them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from threading import Barrier
from typing import Any

import openai
import pytest
from openai import OpenAI
from pydantic import SecretStr
from support.in_memory import Service, make_service
from support.v1_client import client_of, content_of, create, jsonl, line, upload

from api.security.keys import new_key
from shared.config.settings import Settings
from shared.jobs.state import ENDED

ALICE, BOB, ADMIN = (
    new_key(owner, scopes)
    for owner, scopes in (("alice", "submit,read"), ("bob", "submit,read"), ("root", "admin"))
)


def test_the_retention_of_files_and_outputs(service: Service, client: OpenAI) -> None:
    """A request can set it for a file and for a batch's output; by default it is that of jobs."""
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
    written = client.files.retrieve(output)
    assert written.expires_at
    assert written.expires_at - written.created_at == 7200
    with pytest.raises(openai.BadRequestError) as raised:
        client.files.create(
            file=content, purpose="batch", expires_after={"anchor": "created_at", "seconds": 1}
        )
    assert raised.value.param == "expires_after[seconds]"


def test_the_most_files_of_an_owner(client: OpenAI, settings: Settings) -> None:
    """One file more than `max_files` is refused, until another one is deleted."""
    ids = [upload(client, b"{}") for _ in range(settings.max_files)]
    with pytest.raises(openai.RateLimitError) as raised:
        upload(client, b"{}")
    assert raised.value.code == "files_full"
    client.files.delete(ids[0])
    upload(client, b"{}")


def test_many_uploads_at_once_do_not_pass_the_most_files(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of eleven that begin together at a limit of five, five are accepted."""
    service = make_service(settings.model_copy(update={"max_files": 5}))
    checked, begun, real = Barrier(11), Barrier(11), service.blobs.writing

    @contextmanager
    def writing(key: str) -> Iterator[Any]:
        if key.endswith("/content"):
            checked.wait(timeout=20)
            # As a folder of files does it: the folder of the blob is there from now on.
            service.blobs.contents[f"{key}-begun"] = b""
            begun.wait(timeout=20)
        with real(key) as file:
            yield file

    monkeypatch.setattr(service.blobs, "writing", writing)

    def send(_: int) -> int:
        form = {"purpose": "batch", "file": (BytesIO(b"{}"), "a.jsonl")}
        return service.app.test_client().post("/v1/files", data=form).status_code

    with ThreadPoolExecutor(11) as pool:
        statuses = sorted(pool.map(send, range(11)))
    assert statuses == [200] * 5 + [429] * 6
    assert len(service.client.get("/v1/files").json["data"]) == 5


def test_only_owners_and_admins_see_files_and_batches(settings: Settings) -> None:
    """Another owner's key gets a 404 for every file and batch."""
    lines = ";".join(key_line for _, key_line in (ALICE, BOB, ADMIN))
    service = make_service(settings.model_copy(update={"api_keys": SecretStr(lines)}))
    alice, bob, admin = (client_of(service, key) for key, _ in (ALICE, BOB, ADMIN))
    batch = create(alice, jsonl(line("1")))
    service.work()
    batch = alice.batches.retrieve(batch.id)
    assert batch.output_file_id
    for call in (
        lambda client: client.files.retrieve(batch.input_file_id),
        lambda client: client.files.content(batch.input_file_id),
        lambda client: client.files.retrieve(batch.output_file_id),
        lambda client: client.files.content(batch.output_file_id),
        lambda client: client.batches.retrieve(batch.id),
        lambda client: client.batches.create(
            input_file_id=batch.input_file_id, endpoint="/v1/sentiment", completion_window="24h"
        ),
    ):
        with pytest.raises(openai.NotFoundError):
            call(bob)
        call(admin)
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


def reconcile(service: Service) -> None:
    service.store._due.clear()
    service.reconcile()


def v1_blobs(service: Service) -> list[str]:
    return [key for key in service.blobs.contents if key.startswith("v1/")]


def test_files_and_batches_are_deleted_when_they_expire(
    service: Service, client: OpenAI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is deleted when it expires, a batch when its job does, and none before that."""
    batch = create(client, jsonl(line("1")))
    service.work()
    create(client, b"nonsense")
    before = v1_blobs(service)
    reconcile(service)
    assert v1_blobs(service) == before
    assert len(before) == 2 * 2 + 2
    later = service.store.now() + settings.retention_seconds + 1
    monkeypatch.setattr(service.store, "now", lambda: later)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(batch.input_file_id)
    assert list(client.files.list()) == []
    service.store._settings = settings.model_copy(update={"retention_seconds": -1.0})
    reconcile(service)
    reconcile(service)
    assert v1_blobs(service) == []


def test_orphans_are_deleted(service: Service, settings: Settings) -> None:
    """Half an upload is deleted after `orphan_seconds`, and so is a batch without its job."""
    service.blobs.put(f"v1/files/of-/{'0' * 32}/content", b"{}")
    with client_of(service) as client:
        deleted = create(client, jsonl(line("1"))).id.removeprefix("batch_")
    service.client.delete(f"/jobs/{deleted}")
    reconcile(service)
    assert len(v1_blobs(service)) == 4
    service.blobs.quiet = settings.orphan_seconds + 1
    reconcile(service)
    assert sorted(key.rpartition("/")[2] for key in v1_blobs(service)) == ["content", "record.json"]


def test_a_batch_outlives_a_redis_that_loses_everything(service: Service, client: OpenAI) -> None:
    """The batch's record is in the blob store, and its job is restored from there."""
    batch = create(client, jsonl(*(line(str(n)) for n in range(9))))
    service.store._records.clear()
    service.dispatch.messages.clear()
    with pytest.raises(openai.InternalServerError):
        client.batches.retrieve(batch.id)
    reconcile(service)
    service.store._records[batch.id.removeprefix("batch_")].split_lease = 0.0
    reconcile(service)
    service.work()
    done = client.batches.retrieve(batch.id)
    assert done.status == "completed"
    assert len(content_of(client, done.output_file_id)) == 9
    assert service.store.get(batch.id.removeprefix("batch_")).state in ENDED
