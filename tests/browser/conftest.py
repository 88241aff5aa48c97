"""Fixtures of the tests in a real browser: real services, Chromium, and windows on both."""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from support.browser.screenshots import Screenshots
from support.browser.window import Window
from support.four_models import titanic
from support.owners import ALICE, BOB, READER, ROOT, SENDER
from support.programs import FAST, Programs, many_rows, programs, signal_all
from support.waiting import wait_for

HERE = Path(__file__).parent
FIGURES = HERE.parents[1] / "benchmarks" / "results" / "browser.json"

_windows = pytest.StashKey[tuple[list[Window], Path]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder: `make test` leaves them out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")
            if "screenshot" in getattr(item, "fixturenames", ()):
                item.add_marker("screenshots")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the pages of a failed test: what a screen reader would say, and a picture."""
    report: Any = yield
    if report.when == "call" and report.failed:
        windows, folder = item.stash.get(_windows, ([], Path()))
        for number, page in enumerate(page for one in windows for page in one.context.pages):
            look = _last_look(page, folder / f"failed-{number}.png")
            report.sections.append((f"page {page.url}", look))
    return report


def _last_look(page: Page, picture: Path) -> str:
    """A page as text, after a picture of it is saved."""
    try:
        page.screenshot(path=picture)
        return f"{page.locator('body').aria_snapshot()}\npicture: {picture}"
    except Error as error:
        return f"no picture: {error.message}"


@pytest.fixture(scope="session")
def start_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Programs]]:
    """A function that starts a service: Redis, the API, and a worker with the fast model.

    Its arguments are settings as texts: `start_service(processes="1")`. All services are stopped
    at the end of the session; a test that starts one for itself may stop it earlier.
    """
    with ExitStack() as stack:
        # A short path, because the path of a Unix socket has at most 107 bytes.
        short = stack.enter_context(tempfile.TemporaryDirectory(prefix="scorelane-"))

        def start(**settings: str) -> Programs:
            folder = tmp_path_factory.mktemp("browser")
            sockets = Path(tempfile.mkdtemp(dir=short))
            running = stack.enter_context(programs(folder, sockets, **settings))
            running.start_worker()
            running.wait_ready()
            return running

        yield start


@pytest.fixture(scope="session")
def service(start_service: Callable[..., Programs]) -> Programs:
    """The service without keys, shared by all tests: one worker of two processes."""
    return start_service(processes="2")


@pytest.fixture(scope="module")
def own_service(start_service: Callable[..., Programs]) -> Iterator[Programs]:
    """A service of a module, without keys, whose programs a test may kill.

    A test that does so starts them again, for the next one.
    """
    running = start_service(processes="2")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def keyed_service(
    start_service: Callable[..., Programs], tmp_path_factory: pytest.TempPathFactory
) -> Programs:
    """The service that asks for the keys of `support.owners`, shared by all tests.

    ALICE and BOB may submit and read, SENDER and READER are Alice with only one of both, and ROOT
    is an admin; each has a `key`.
    """
    file = tmp_path_factory.mktemp("keys") / "keys.txt"
    file.write_text("".join(f"{one.line}\n" for one in (ALICE, BOB, SENDER, READER, ROOT)))
    return start_service(processes="1", api_keys_file=str(file))


@pytest.fixture(scope="session")
def table_service(
    start_service: Callable[..., Programs], tmp_path_factory: pytest.TempPathFactory
) -> Programs:
    """The service with two models that all tests share: `fast`, and `titanic`, of a table."""
    models = tmp_path_factory.mktemp("models")
    (models / "fast").symlink_to(FAST)
    titanic().add(models)
    return start_service(processes="1", serve="fast,titanic", models_dir=str(models))


def _first_rows(service: Programs, results: str) -> list[object] | None:
    """The first rows at the path `results`, or nothing while they are not done."""
    first = {"partial": "true", "format": "json", "limit": "50"}
    rows: list[object] | None = service.client.get(results, params=first).json().get("rows")
    return rows


@pytest.fixture
def held(own_service: Programs) -> Iterator[str]:
    """The path of a job of `own_service`, whose worker stands still half-way.

    It has the rows of `many_rows`: 60,000, or twice as many until it is not done before it is held.
    After the test the worker goes on.
    """
    [worker] = own_service.running("worker")
    rows, location = 60_000, ""
    while not location:
        location = own_service.submit(many_rows(rows)[0])
        own_service.wait_for_rows(location, 1)
        # One of two processes may be done with later rows than the first ones.
        wait_for(partial(_first_rows, own_service, f"{location}/results"))
        signal_all(worker, signal.SIGSTOP)
        job = own_service.job(location)
        if not (job["state"] == "running" and job["rows"]["completed"] < job["rows"]["total"]):
            signal_all(worker, signal.SIGCONT)
            own_service.client.delete(location)
            rows, location = 2 * rows, ""
    yield location
    signal_all(worker, signal.SIGCONT)
    own_service.client.delete(location)  # so that the next job need not wait for it


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a screen; it resolves no name, so no request can leave this machine."""
    chromium = shutil.which(os.environ.get("CHROMIUM") or "chromium")
    assert chromium, "there is no chromium: `make test-browser` installs it"
    # A busy machine is no failure.
    expect.set_options(timeout=30_000)
    options = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium's own does not work for root
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=options)
        yield running
        running.close()


@pytest.fixture
def new_window(
    request: pytest.FixtureRequest, browser: Browser, tmp_path: Path
) -> Iterator[Callable[..., Window]]:
    """A function that opens a window on a service, by default on `service`.

    Its arguments are those of `Window`: `new_window(keyed_service, width=320, scheme="dark")`. At
    the end of the test all windows are closed, and faults that it did not announce fail it. With
    the variable TRACES, the folder of that name gets a trace of each window.
    """
    windows: list[Window] = []
    request.node.stash[_windows] = windows, tmp_path
    traces = os.environ.get("TRACES")

    def new(on: Programs | None = None, **options: Any) -> Window:
        # Here, so that a test with a service of its own need not wait for the other to start.
        on = on or request.getfixturevalue("service")
        window = Window(browser, f"http://127.0.0.1:{on.port}", **options)
        windows.append(window)
        if traces:
            window.context.tracing.start(screenshots=True, snapshots=True)
        return window

    yield new
    try:
        for window in windows:
            window.faults.check()
    finally:
        for number, window in enumerate(windows):
            if traces:
                window.context.tracing.stop(path=Path(traces, f"{request.node.name}-{number}.zip"))
            window.close()


@pytest.fixture
def window(new_window: Callable[..., Window]) -> Window:
    """A window of 1280 x 800 pixels on `service`, light, with reduced motion."""
    return new_window()


@pytest.fixture
def page(window: Window) -> Page:
    """The first tab of `window`."""
    return window.page


@pytest.fixture(scope="session")
def screenshot() -> Screenshots:
    """Saves pictures for the docs, if the variable SCREENSHOTS names a folder for them.

    `make screenshots` runs only the tests that use this fixture.
    """
    folder = os.environ.get("SCREENSHOTS")
    return Screenshots(Path(folder) if folder else None)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> dict[str, float]:
    """Figures that a test measures: printed at the end, and kept as JSON in benchmarks/results."""
    measured: dict[str, float] = {}
    # Properties of a test reach the process that prints, also if another one runs the test.
    request.node.user_properties.append(("figures", measured))
    return measured


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print and keep what the tests measured."""
    figures = {
        report.nodeid.rpartition("::")[2]: measured
        for report in terminalreporter.getreports("passed")
        if report.when == "call"
        for name, measured in report.user_properties
        if name == "figures"
    }
    if not figures:
        return
    terminalreporter.section("measured in the browser")
    for test, measured in figures.items():
        for what, number in measured.items():
            terminalreporter.line(f"{test}: {what} {number:g}")
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")
