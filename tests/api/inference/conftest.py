"""A service in memory that serves the model of a table, and answers questions at once."""

import pytest
from support.doubles.table_model import TableModel
from support.in_memory import Service, make_service

from shared.config.settings import Settings


@pytest.fixture
def table(settings: Settings) -> Service:
    """A service with the model `table`."""
    service = make_service(settings, model=TableModel())
    service.answer_at_once()
    return service


@pytest.fixture
def texts(service: Service) -> Service:
    """A service with the model `length`, which takes a text."""
    service.answer_at_once()
    return service
