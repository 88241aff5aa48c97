"""Keeps TensorFlow's log lines from the terminal; its C++ code writes them straight to stderr.

No setting silences them all: some are written before TensorFlow reads its settings.
"""

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

#: Log lines of absl and TensorFlow at INFO, WARNING and ERROR; a fatal one (F) is let through.
_LINE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|[IWE]\d{4} \d\d:\d\d:\d+\.\d+\s+\d+ [\w.]+:\d+\]"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] (external/local_\w+/)?(tensorflow|xla|tsl)/"
    rb"|To enable the following instructions: "
)


@contextmanager
def without_tensorflow_lines() -> Iterator[None]:
    """Leave TensorFlow's log lines out of what this process and its children write to stderr."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        real = os.dup(2)
    except OSError:  # stderr is closed
        yield
        return
    read, write = os.pipe()
    with ExitStack() as closing:
        out = closing.enter_context(os.fdopen(real, "wb", buffering=0))
        if sys.stderr and _is_stderr(sys.stderr):
            # Python itself writes to the real stderr: a progress bar needs the terminal.
            closing.callback(setattr, sys, "stderr", sys.stderr)
            sys.stderr.flush()
            sys.stderr = open(  # noqa: SIM115, PTH123  it is closed with the process
                os.dup(real), "w", encoding="utf-8", errors="backslashreplace", buffering=1
            )
            closing.callback(sys.stderr.close)
        os.dup2(write, 2)
        os.close(write)
        # A daemon: a child that lives on would keep the pipe open.
        reader = threading.Thread(target=_forward, args=(os.fdopen(read, "rb"), out), daemon=True)
        reader.start()
        try:
            yield
        finally:
            os.dup2(real, 2)
            reader.join(timeout=1.0)


def _forward(lines: BinaryIO, out: BinaryIO) -> None:
    with lines:
        for line in lines:
            if not _LINE.match(line):
                out.write(line)


def _is_stderr(stream: object) -> bool:
    try:
        return bool(stream.fileno() == 2)  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return False
