"""Clocks of hosts that a test can set while programs run."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from support.hosts.network import Host

_SOURCE = Path(__file__).with_name("shifted_clock.c")


class Clocks:
    """The clock of each host, as its programs see it: `shifted_clock.c` shifts their time of day.

    (libfaketime is not used, because sleeps fail with its clocks.)
    """

    def __init__(self, folder: Path) -> None:
        self._library = folder / "shifted_clock.so"

    def env(self, host: Host) -> dict[str, str]:
        """The variables with which a program sees the clock of its host, which is right at first.

        Skips the test if there is no C compiler.
        """
        if not self._library.exists():
            self._compile()
        self.shift(host, 0)
        return {"LD_PRELOAD": str(self._library), "SHIFTED_CLOCK": str(self._file(host))}

    def _compile(self) -> None:
        if not (compiler := shutil.which("cc")):
            pytest.skip("a C compiler is needed to shift clocks")
        options = ("-O2", "-shared", "-fPIC", "-o", str(self._library))
        subprocess.run([compiler, *options, str(_SOURCE), "-ldl"], check=True)

    def shift(self, host: Host, seconds: int) -> None:
        """Set the clock of a host this many seconds ahead of the right time; negative: behind."""
        # In place: running programs have the file in their memory.
        host.write(self._file(host).name, struct.pack("q", seconds))

    def _file(self, host: Host) -> Path:
        return host.folder / "clock"
