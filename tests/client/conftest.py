"""Fixtures: both clients, of the service in memory or of what a test makes up."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.in_memory import Service
from support.transports import QUICK, Waited, Working, WorkingLater

from scorelane import AsyncClient, Client


@pytest.fixture(params=["Client", "AsyncClient"])
def connected(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Make a client of either kind, for a transport; closed with the test."""
    with asyncio.Runner() as runner:
        made: list[Any] = []

        def connect(transport: httpx.BaseTransport, **options: Any) -> Any:
            options = {"url": "http://scorelane", "retries": QUICK, **options}
            if request.param == "Client":
                made.append(Client(transport=transport, **options))
            else:
                later = AsyncClient(transport=WorkingLater(transport), **options)
                made.append(Waited(later, runner))
            return made[-1]

        yield connect
        for one in made:
            one.close()


@pytest.fixture
def working(service: Service) -> Working:
    """The way to the service in memory."""
    return Working(service)


@pytest.fixture
def client(connected: Callable[..., Any], working: Working) -> Any:
    """A client of the service in memory, of either kind."""
    return connected(working)
