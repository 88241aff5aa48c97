"""The service in memory, and OpenAI's client."""

from collections.abc import Iterator

import pytest
from openai import OpenAI
from support.in_memory import Service
from support.v1_client import client_of

from shared.config.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_record_bytes": 4000, "max_files": 12})


@pytest.fixture
def client(service: Service) -> Iterator[OpenAI]:
    with client_of(service) as client:
        yield client
