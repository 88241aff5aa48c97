"""TensorFlow's log lines stay away from the terminal, and everything else comes through."""

import subprocess
import sys

LINES = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795977209.612585    3637 port.cc:153] oneDNN custom operations are on. You may see
E0000 00:00:1795977212.782909    3637 util.cc:131] oneDNN supports DT_HALF only on platforms with
2026-01-01 12:00:00.123456: I tensorflow/core/platform/cpu_feature_guard.cc:210] This binary
2026-01-01 12:00:00.123456: E external/local_xla/xla/stream_executor/cuda/cuda_dnn.cc:9] Unable
"""


def test_only_those_lines_are_left_out() -> None:
    """Lines of C code and of child processes are filtered; Python's own stderr is untouched."""
    code = f"""
import os, subprocess, sys
from scorelane.commands.common.tensorflow_lines import without_tensorflow_lines
before = sys.stderr
with without_tensorflow_lines():
    os.write(2, {LINES.encode()!r} + b"F0000 00:00:1.0    7 a.cc:1] fatal\\nlast without end")
    print("python é", file=sys.stderr)
    subprocess.run(["/bin/sh", "-c", "echo child >&2"])
assert sys.stderr is before
print("after", file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    words = done.stderr.decode()
    for line in ("] fatal\n", "last without end", "python é\n", "child\n", "after\n"):
        assert line in words
    for line in LINES.splitlines():
        assert line not in words


def test_a_closed_stderr() -> None:
    """A command whose stderr is closed runs all the same."""
    code = (
        "from scorelane.commands.common.tensorflow_lines import without_tensorflow_lines as quiet\n"
        "with quiet():\n"
        "    print('done')\n"
    )
    command = ["/bin/sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, code]
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == b"done\n"
