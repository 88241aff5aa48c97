"""`python -m worker.models.trial`: loads a model in a process of its own, before any other does.

A model is code of somebody else, and its file may crash, hang or fill its runtime. So the first
process that loads a new version is one that does nothing else.
"""

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from shared.config.settings import load_settings
from shared.machine_memory import own_bytes
from shared.model_folders import reason_of
from shared.telemetry import logs
from worker.memory import forget_peak
from worker.models.kept_files import KeptFiles
from worker.models.loading import load_version
from worker.models.shared_note import SharedNote

#: From <linux/prctl.h>: the process gets a signal when its parent dies.
_PR_SET_PDEATHSIG = 1


def main(folder: Path, full_name: str, note: SharedNote) -> None:
    """Load a version, warm it up, check its examples and measure it; note what came of it.

    Args:
        folder: the model folder.
        full_name: the name and version that it should hold.
        note: gets `seconds`, `bytes` (how much memory the model takes) and `rate` (in rows per
            second), or the `reason` why it cannot be served.
    """
    before, began = own_bytes(os.getpid()), time.monotonic()
    try:
        loaded = load_version(folder, full_name, KeptFiles(folder))
    # A runtime may be a package of somebody else's, and a pickle is code: all can be raised.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        note.write({"reason": reason_of(error), "memory": isinstance(error, MemoryError)})
        return
    seconds = time.monotonic() - began
    forget_peak()
    taken = max(own_bytes(os.getpid()) - before, 0)
    note.write({"seconds": seconds, "bytes": taken, "rate": loaded.rate})


def _end_with_parent() -> None:
    with suppress(OSError, AttributeError):  # another system
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with suppress(OSError):
        # If memory runs out, the kernel ends this process first.
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    _end_with_parent()
    logs.set_up(load_settings())
    main(Path(sys.argv[1]), sys.argv[2], SharedNote(int(sys.argv[3])))
    # Whatever threads the model has started: nothing may keep this process.
    os._exit(os.EX_OK)
