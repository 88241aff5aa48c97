"""An event loop for tests of what an event loop drives."""

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from selectors import DefaultSelector
from typing import Any

from typing_extensions import override

from shared.jobs.question_line import Loop

#: How long a test waits for something, in seconds, before it fails.
PATIENCE = 30.0


class SelectorLoop(Loop):
    """Runs until something is true."""

    def __init__(self) -> None:
        self._selector = DefaultSelector()
        self._deferred: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def __del__(self) -> None:
        self._selector.close()

    @override
    def watch(self, sock: Any, events: int, on_event: Callable[[], None]) -> None:
        if sock in self._selector.get_map():
            self._selector.unregister(sock)
        if events:
            self._selector.register(sock, events, on_event)

    @override
    def defer(self, call: Callable[[], None]) -> None:
        self._deferred.put(call)

    def run_until(self, is_true: Callable[[], Any], each_round: Callable[[], Any] = bool) -> None:
        """Run until `is_true` returns something true; `each_round` is called before each wait.

        Raises:
            TimeoutError: that takes longer than `PATIENCE`.
        """
        until = time.monotonic() + PATIENCE
        while not is_true():
            if time.monotonic() > until:
                raise TimeoutError("the event loop waits in vain")
            each_round()
            for key, _ in self._selector.select(0.01):
                key.data()
            try:
                while True:
                    self._deferred.get_nowait()()
            except Empty:
                pass
