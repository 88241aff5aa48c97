"""Forked processes count into shared memory, and the counts of ended processes stay."""

import os
import signal
import threading
from collections.abc import Callable

import pytest

from shared.telemetry import shared_counters as tally_module
from shared.telemetry.prometheus import MetricsCollector, counted
from shared.telemetry.shared_counters import Measure, SharedCounters

DONE = Measure("scorelane_done_total", "What was done.", ("what",))
OPEN = Measure("scorelane_open", "What is open.", is_gauge=True)
TIMES = Measure("scorelane_time_seconds", "How long it took.", (), (0.1, 1.0))


def in_child(work: Callable[[], None]) -> None:
    """Run a function in a forked process, and wait for its end."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


def test_counts_add_up() -> None:
    """Counters add up by label; a value counts in the histogram bucket whose bound it does not
    exceed.
    """
    counters = SharedCounters()
    for what in ("a", "b", "a"):
        counters.add(DONE, what)
    counters.add(DONE, "b", by=0.5)
    assert counters.totals(DONE) == {("a",): [2], ("b",): [1.5]}
    for seconds in (0.1, 0.5, 5.0):
        counters.observe(TIMES, seconds)
    assert counters.totals(TIMES) == {(): [1, 1, 1, 5.6]}


def test_the_dead_are_counted() -> None:
    """A process takes the place of an ended one, and counts on from its numbers."""
    counters = SharedCounters()
    counters.add(DONE, "mine")
    for _ in range(3):
        in_child(lambda: counters.add(DONE, "theirs", by=2))
        in_child(lambda: counters.observe(TIMES, 1.0))
    assert counters.totals(DONE) == {("mine",): [1], ("theirs",): [6]}
    assert counters.totals(TIMES) == {(): [0, 3, 0, 3.0]}
    # One place for the main process, and one for all its children, who came one by one.
    assert sum(bool(list(counters._names_of(place))) for place in range(8)) == 2


def test_gauges_end_with_their_process() -> None:
    """A gauge counts live processes only, whichever process reads it, and at once."""
    counters = SharedCounters(gauges=[OPEN.name])
    counters.add(OPEN, by=2)
    for _ in range(2):
        ready, told = os.pipe()
        go_on, go = os.pipe()
        pid = os.fork()
        if not pid:
            counters.add(OPEN, by=3)
            os.write(told, b"x")
            os.read(go_on, 1)
            os._exit(0)
        os.read(ready, 1)
        assert counters.totals(OPEN) == {(): [5]}
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert counters.totals(OPEN) == {(): [2]}
        for end in (ready, told, go_on, go):
            os.close(end)
    # Who takes the place of the dead one begins anew; what it has counted for good goes on.
    in_child(
        lambda: [counters.add(OPEN), counters.add(DONE, "x"), _is(counters.totals(OPEN), {(): [3]})]
    )
    counters.add(OPEN, by=-1)
    assert counters.totals(OPEN) == {(): [1]}
    text, _ = MetricsCollector(lambda: counted(counters, [OPEN])).page(None)
    assert b"# TYPE scorelane_open gauge" in text
    assert b"scorelane_open 1.0" in text


def _is(found: object, expected: object) -> None:
    assert found == expected


def test_the_living_have_places_of_their_own() -> None:
    """Processes that live at the same time do not overwrite each other's numbers."""
    counters = SharedCounters()
    begin, go = os.pipe()
    pids = []
    for _ in range(4):
        pid = os.fork()
        if not pid:
            os.close(go)
            os.read(begin, 1)
            for _ in range(2000):
                counters.add(DONE, "x")
            os._exit(0)
        pids.append(pid)
    os.close(go)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 4
    os.close(begin)
    assert counters.totals(DONE) == {("x",): [8000]}


def test_threads_lose_no_count() -> None:
    """The threads of a process count into the same place and lose nothing."""
    counters = SharedCounters()
    threads = [
        threading.Thread(target=lambda: [counters.add(DONE, "x") for _ in range(5000)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.totals(DONE) == {("x",): [20_000]}


def test_where_there_is_no_room_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A count without room is dropped, with one line in the log."""
    monkeypatch.setattr(tally_module, "NUMBERS", 3)
    counters = SharedCounters()
    counters.add(DONE, "a")
    for _ in range(2):
        counters.observe(TIMES, 1.0)
    assert counters.totals(TIMES) == {}
    assert counters.totals(DONE) == {("a",): [1]}
    assert caplog.text.count("no room to count scorelane_time_seconds") == 1


def test_the_page_of_a_scrape() -> None:
    """A scrape has counters by label, and cumulative buckets, count and sum of a histogram."""
    counters = SharedCounters()
    counters.add(DONE, "a")
    for seconds in (0.05, 0.5, 5.0):
        counters.observe(TIMES, seconds)
    page, media_type = MetricsCollector(lambda: counted(counters, (DONE, TIMES))).page(None)
    assert media_type.startswith("text/plain; version=0.0.4")
    lines = [line for line in page.decode().splitlines() if not line.startswith("#")]
    assert lines == [
        'scorelane_done_total{what="a"} 1.0',
        'scorelane_time_seconds_bucket{le="0.1"} 1.0',
        'scorelane_time_seconds_bucket{le="1.0"} 2.0',
        'scorelane_time_seconds_bucket{le="+Inf"} 3.0',
        "scorelane_time_seconds_count 3.0",
        "scorelane_time_seconds_sum 5.55",
    ]
