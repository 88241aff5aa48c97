"""A worker that stops ends its scoring processes that are not ready."""

import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from typing import Any

import billiard
import pytest
from support.waiting import wait_for

from worker.unready_processes import UnreadyProcesses

pytestmark = pytest.mark.process


@pytest.fixture
def start() -> Iterator[Callable[..., Any]]:
    """A function that starts a process at the place 0; it is killed at the end of the test."""
    started: list[Any] = []

    def start(run: Callable[[], None]) -> Any:
        def child() -> None:
            # Another test may have left a handler in the process that is forked.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            run()

        process = billiard.Process(target=child)
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()


def wait_for_ever() -> None:
    while True:
        signal.pause()


def test_a_process_that_is_not_ready_is_ended(start: Callable[..., Any]) -> None:
    """A process that loads its models does not read the order to stop: it gets a SIGTERM."""
    unready = UnreadyProcesses(1)
    here, there = Pipe()

    def load() -> None:
        with unready.getting_ready():
            there.send("loads")
            wait_for_ever()

    process = start(load)
    assert here.recv() == "loads"
    unready.end()
    process.join(60)
    assert process.exitcode == -signal.SIGTERM


def test_a_ready_process_ends_its_work(start: Callable[..., Any]) -> None:
    """A process that is ready is not disturbed: it may score a part."""
    unready = UnreadyProcesses(1)
    here, there = Pipe()

    def work() -> None:
        with unready.getting_ready():
            pass
        there.send("ready")
        there.recv()

    process = start(work)
    assert here.recv() == "ready"
    unready.end()
    here.send("done")
    process.join(60)
    assert process.exitcode == 0


def test_a_process_that_starts_later_ends_itself(start: Callable[..., Any]) -> None:
    """Celery may replace a process at the moment in which the worker stops."""
    unready = UnreadyProcesses(1)
    unready.end()

    def load() -> None:
        with unready.getting_ready():
            wait_for_ever()

    process = start(load)
    process.join(60)
    assert process.exitcode == 0


def test_a_number_that_belongs_to_another_process_now(start: Callable[..., Any]) -> None:
    """A process that was killed while it loaded leaves its number, which is not used then."""
    unready = UnreadyProcesses(1)

    def load() -> None:
        with unready.getting_ready():
            wait_for_ever()

    process = start(load)
    wait_for(lambda: unready._pids[0] == process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    # The number of this test's own process stands for one that was given out again.
    unready._pids[0] = os.getpid()
    unready.end()
