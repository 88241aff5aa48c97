"""Fixtures of the tests that break the real service, and the table of their figures."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support import object_storage
from support.faulty import Faulty, faulty

#: Tests get prefixes of their own in one bucket.
_numbers = count()


@pytest.fixture(scope="session")
def sockets() -> Iterator[Path]:
    """A folder with a short path, because the path of a Unix socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="scorelane-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that lead to a real server of S3's protocol."""
    with object_storage.seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as variables:
        yield variables


@pytest.fixture
def stored(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The variables of a service that name its blob store; none: its folder.

    `support.object_storage` has the marks of tests that run on both.
    """
    if getattr(request, "param", "folder") == "folder":
        return {}
    variables: dict[str, str] = request.getfixturevalue("seaweedfs")
    address = f"s3://{object_storage.BUCKET}/faults/{next(_numbers)}"
    return variables | {"SCORELANE_BLOBS": address}


@pytest.fixture
def start(
    tmp_path: Path, sockets: Path, stored: Mapping[str, str]
) -> Iterator[Callable[..., Faulty]]:
    """A function that starts Redis and the API with given settings; they end with the test."""
    with ExitStack() as stack:

        def start(variables: Mapping[str, str] | None = None, **settings: Any) -> Faulty:
            own = Path(tempfile.mkdtemp(dir=sockets))
            found = {**stored, **(variables or {})}
            return stack.enter_context(faulty(tmp_path, own, variables=found, **settings))

        yield start


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """A function that adds a figure to the table at the end."""

    def note(figure: str) -> None:
        what = (request.function.__doc__ or "").strip().split("\n")[0]
        # A report takes them with it from the process that ran the test.
        request.node.user_properties.append(("measured", (what, figure)))

    return note


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table of figures."""
    reports = terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
    properties = [one for report in reports for one in report.user_properties]
    measured = [value for name, value in properties if name == "measured"]
    if measured:
        terminalreporter.section("what was broken, and what it cost")
        for what, figure in measured:
            terminalreporter.write_line(f"{figure:>24}  {what}")
