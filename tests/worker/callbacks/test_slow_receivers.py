"""Receivers that are slow, or never answer, hold up no others."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from support.callbacks import CSV, callback, make_sender, running
from support.in_memory import Service
from support.receiver import Receiver, receiving
from support.waiting import wait_for

from shared.config.settings import Settings
from shared.webhooks.checked_http import Cutoff
from shared.webhooks.target import Allowed
from worker.callbacks import sender as sender_module
from worker.callbacks.delivery_slots import DeliverySlots
from worker.callbacks.http_post import WebhookClient


def test_a_slow_receiver_delays_no_other(
    service: Service, settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a slow receiver has many callbacks waiting, those to others are delivered."""
    receiver.responsive.clear()
    monkeypatch.setattr(sender_module, "NO_ROOM_SECONDS", 0.01)
    with receiving() as other:
        slow_jobs = [service.submit(CSV, callback_url=receiver.url).location for _ in range(20)]
        service.work()
        with running(make_sender(service, settings, pause=0.01)):
            wait_for(lambda: receiver.got)
            locations = [service.submit(CSV, callback_url=other.url).location for _ in range(10)]
            service.work()
            wait_for(
                lambda: all(callback(service, one)["state"] == "delivered" for one in locations)
            )
            assert {callback(service, one)["state"] for one in slow_jobs} == {"pending"}
            assert len(receiver.got) == 2
            receiver.responsive.set()
            wait_for(
                lambda: all(callback(service, one)["state"] == "delivered" for one in slow_jobs)
            )
    assert {callback(service, one)["attempts"] for one in [*slow_jobs, *locations]} == {1}


@contextmanager
def silent() -> Iterator[int]:
    """A port of all loopback addresses at which connections are made, and never answered."""
    with socket.create_server(("0.0.0.0", 0), backlog=200) as server:
        yield server.getsockname()[1]


def test_silent_receivers_hold_up_no_other(
    service: Service, settings: Settings, receiver: Receiver
) -> None:
    """Many receivers that never answer lose their slots to a callback that waits.

    The time limit of a delivery is never reached here: what is delivered waited for none of them.
    """
    patient = settings.model_copy(
        update={
            "callback_allow": "127.0.0.0/8,localhost",
            "callback_timeout": 60.0,
            "callback_backoff_seconds": 3600.0,
        }
    )
    object.__setattr__(service.app.extensions["scorelane"], "settings", patient)
    slots = DeliverySlots(4, least_seconds=0.0)
    # The silent port is closed first: then what still holds a slot ends at once.
    with running(make_sender(service, patient, pause=0.01, slots=slots)), silent() as port:
        urls = [f"http://127.0.1.{number}:{port}/" for number in range(1, 31)]
        mute = [service.submit(CSV, callback_url=url).location for url in urls]
        service.work()
        wait_for(lambda: any(callback(service, one)["attempts"] for one in mute))
        location = service.submit(CSV, callback_url=receiver.url).location
        service.work()
        wait_for(lambda: callback(service, location)["state"] == "delivered")
        wait_for(lambda: all(callback(service, one)["attempts"] for one in mute))
        errors = [callback(service, one)["last_error"] for one in mute]
    assert set(errors) <= {"it did not answer in time", None}
    assert errors.count(None) <= 4


def test_a_delivery_can_be_cut_off_at_any_point() -> None:
    """Before the connection, while it is made, and while an answer is awaited."""
    client = WebhookClient(Allowed("127.0.0.0/8"), 60.0)
    with silent() as port, socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        held = [socket.socket() for _ in range(4)]
        for one in held:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        before = Cutoff()
        before.cut()
        with pytest.raises(TimeoutError):
            client.post(f"http://127.0.0.1:{port}/", {}, b"", before)
        for url in (f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{full.getsockname()[1]}/"):
            cutoff = Cutoff()
            with ThreadPoolExecutor(1) as pool:
                posting = pool.submit(client.post, url, {}, b"", cutoff)
                wait_for(lambda cutoff=cutoff: cutoff._socket)
                cutoff.cut()
                with pytest.raises(TimeoutError):
                    posting.result()
        for one in held:
            one.close()
