"""Callbacks as tests send and follow them."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.in_memory import Service

from shared.config.settings import Settings
from shared.webhooks.target import Allowed
from worker.callbacks.http_post import WebhookClient
from worker.callbacks.sender import Sender

#: Two secrets of a service: the former one, and that which replaces it.
OLD, NEW = (f"whsec_{base64.b64encode(bytes([at]) * 32).decode()}" for at in (7, 8))
TEXT = "what somebody wrote in confidence"
CSV = f"ref,text\n1,{TEXT}\n2,\n".encode()


def make_sender(service: Service, settings: Settings, **more: Any) -> Sender:
    webhook_client = WebhookClient(Allowed(settings.callback_allow), settings.callback_timeout)
    return Sender(
        settings, store=service.store, blobs=service.blobs, webhook_client=webhook_client, **more
    )


def deliver(service: Service, settings: Settings) -> int:
    """Try once to deliver each callback that is due; return how many were due."""
    taken = service.store.take_callbacks(100, 60)
    for job_id, attempt in taken:
        make_sender(service, settings).deliver(job_id, attempt)
    return len(taken)


def callback(service: Service, location: str) -> Any:
    return service.client.get(location).json["callback"]


@contextmanager
def running(sender: Sender) -> Iterator[None]:
    sender.start()
    try:
        yield
    finally:
        sender.stop()
        sender.join()
