"""Fixtures of the tests that break the real service, and the table of their figures."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.faulty import Faulty, faulty

_MEASURED = pytest.StashKey[list[tuple[str, str]]]()


@pytest.fixture(scope="session")
def sockets() -> Iterator[Path]:
    """A folder with a short path, because the path of a Unix socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="scorelane-") as folder:
        yield Path(folder)


@pytest.fixture
def start(tmp_path: Path, sockets: Path) -> Iterator[Callable[..., Faulty]]:
    """A function that starts Redis and the API with given settings; they end with the test."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Faulty:
            own = Path(tempfile.mkdtemp(dir=sockets))
            return stack.enter_context(faulty(tmp_path, own, **settings))

        yield start


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """A function that adds a figure to the table at the end."""

    def note(figure: str) -> None:
        what = (request.function.__doc__ or "").strip().split("\n")[0]
        request.config.stash.setdefault(_MEASURED, []).append((what, figure))

    return note


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table of figures."""
    measured = config.stash.get(_MEASURED, [])
    if measured:
        terminalreporter.section("what was broken, and what it cost")
        for what, figure in measured:
            terminalreporter.write_line(f"{figure:>24}  {what}")
