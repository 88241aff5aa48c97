"""A service that sends callbacks, and a receiver."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from support.callbacks import NEW, OLD
from support.in_memory import Service, make_service
from support.receiver import Receiver, receiving

from shared.config.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "webhook_secrets": SecretStr(f"{OLD};{NEW}"),
            "callback_allow": "localhost",
            "callback_timeout": 30.0,
            "callback_backoff_seconds": 1e-9,
        }
    )


@pytest.fixture
def service(settings: Settings) -> Service:
    return make_service(settings)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
