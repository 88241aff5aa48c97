"""A callback goes only to an address that is allowed, and to a receiver that can be trusted."""

import socket
from pathlib import Path
from typing import Any

import pytest
from support.callbacks import CSV, NEW, callback, deliver
from support.certificates import self_signed
from support.in_memory import Service
from support.receiver import Receiver, receiving
from support.waiting import wait_for

from shared.config.settings import Settings
from shared.webhooks import target as addresses


def test_the_address_is_checked_again_at_each_attempt(
    service: Service, settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a host has moved into a private network since the submission, it gets no request."""
    allowed = settings.model_copy(update={"callback_allow": ""})
    look_up = addresses._resolve
    monkeypatch.setattr(addresses, "_resolve", lambda _host, _port: ("8.8.8.8",))
    at = service.app.extensions["scorelane"]
    object.__setattr__(at, "settings", allowed)
    location = service.submit(CSV, callback_url=receiver.url).location
    service.work()
    monkeypatch.setattr(addresses, "_resolve", look_up)
    deliver(service, allowed)
    assert "private network" in callback(service, location)["last_error"]
    assert receiver.got == []


def test_a_host_is_looked_up_once(
    service: Service, settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the checked address: a second look-up could give another one."""
    looked_up: list[str] = []
    look_up = addresses._resolve
    service.submit(CSV, callback_url=receiver.url)
    service.work()

    def count(host: str, port: int) -> tuple[str, ...]:
        looked_up.append(host)
        return look_up(host, port)

    def never(host: str, *_: Any, **__: Any) -> Any:
        raise AssertionError(host)

    monkeypatch.setattr(addresses, "_resolve", count)
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *args, **more: (
            real(host, *args, **more) if len(looked_up) < 2 else never(host)
        ),
    )
    deliver(service, settings)
    assert looked_up == ["localhost"]
    assert receiver.verified(NEW)


@pytest.mark.process  # openssl makes the certificate
def test_over_tls_the_certificate_must_be_trusted(
    service: Service, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trusted are the certificates of `SSL_CERT_FILE`, or else those of the system."""
    certificate, key = self_signed(tmp_path)
    with receiving(certificate, key) as receiver:
        location = service.submit(CSV, callback_url=receiver.url).location
        service.work()
        deliver(service, settings)
        assert "CERTIFICATE_VERIFY_FAILED" in callback(service, location)["last_error"]
        assert receiver.got == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        wait_for(lambda: deliver(service, settings))
        assert callback(service, location)["state"] == "delivered"
        assert receiver.verified(NEW)
