"""The table of the figures of the tests on many hosts."""

from collections.abc import Callable
from typing import Any

import pytest

_MEASURED = pytest.StashKey[list[tuple[str, str]]]()


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """A function that adds a line to the table at the end: what was done, and what it cost."""

    def note(what: str, cost: str) -> None:
        request.config.stash.setdefault(_MEASURED, []).append((what, cost))

    return note


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table."""
    if lines := config.stash.get(_MEASURED, []):
        terminalreporter.section("what happened to the hosts, and what it cost")
        for what, cost in lines:
            terminalreporter.write_line(f"{what:<44}  {cost}")
