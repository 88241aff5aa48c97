"""OpenAI's client on the service in memory, and the files that it sends."""

import json
from typing import Any

import httpx2
from openai import OpenAI
from openai.types import Batch
from support.in_memory import Service


def client_of(service: Service, key: str = "none") -> OpenAI:
    """OpenAI's client, which calls the app without a network."""
    transport = httpx2.WSGITransport(app=service.app)
    http = httpx2.Client(transport=transport)
    return OpenAI(base_url="http://localhost/v1", api_key=key, http_client=http, max_retries=0)


def line(custom_id: Any, **changes: Any) -> dict[str, Any]:
    """One request of a batch; `changes` replace its fields, `body` those of its body."""
    body = {"model": "length", "input": "I am well"} | changes.pop("body", {})
    return {
        "custom_id": custom_id,
        "method": "POST",
        "url": "/v1/sentiment",
        "body": body,
        **changes,
    }


def jsonl(*requests: Any) -> bytes:
    """A file of requests; bytes are put into it as they are."""
    return b"".join(
        one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in requests
    )


def upload(client: OpenAI, content: bytes) -> str:
    """Upload a file; its id."""
    return client.files.create(file=("reviews.jsonl", content), purpose="batch").id


def create(client: OpenAI, content: bytes, **more: Any) -> Batch:
    """Upload a file and create a batch from it."""
    endpoint: Any = "/v1/sentiment"
    return client.batches.create(
        input_file_id=upload(client, content), endpoint=endpoint, completion_window="24h", **more
    )


def create_and_run(service: Service, client: OpenAI, content: bytes) -> Batch:
    """Create a batch from a file, and run all tasks; the batch after that."""
    batch = create(client, content)
    assert (batch.status, batch.errors) == ("validating", None)
    service.work()
    return client.batches.retrieve(batch.id)


def content_of(client: OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    """The lines of a file of a batch."""
    assert file_id
    text = client.files.content(file_id).text
    return [json.loads(one) for one in text.splitlines()]
