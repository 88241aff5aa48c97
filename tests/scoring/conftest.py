"""Fixtures: scikit-learn on one thread."""

from typing import Any

import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Keep scikit-learn from counting the cores, by another program, and using them all."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with threadpool_limits(1):
        yield
