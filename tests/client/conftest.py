"""Fixtures: clients of both kinds, connected to the service in memory or to a test's transport."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.in_memory import Service
from support.transports import QUICK, AsyncTransport, BlockingFacade, Working

from scorelane import AsyncClient, Client


@pytest.fixture(params=["Client", "AsyncClient"])
def connected(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """A function that makes a client of either kind for a transport; the fixture closes them."""
    with asyncio.Runner() as runner:
        clients: list[Any] = []

        def connect(transport: httpx.BaseTransport, **options: Any) -> Any:
            options = {"url": "http://scorelane", "retries": QUICK, **options}
            if request.param == "Client":
                clients.append(Client(transport=transport, **options))
            else:
                awaited = AsyncClient(transport=AsyncTransport(transport), **options)
                clients.append(BlockingFacade(awaited, runner))
            return clients[-1]

        yield connect
        for client in clients:
            client.close()


@pytest.fixture
def working(service: Service) -> Working:
    """A transport to the service in memory."""
    return Working(service)


@pytest.fixture
def client(connected: Callable[..., Any], working: Working) -> Any:
    """A client of either kind, connected to the service in memory."""
    return connected(working)
