"""What `hatch_build.py` has compiled, where there was a C compiler."""

import ctypes
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


def library(path: Path, counting: Iterable[str]) -> Any:
    """A library, or None where it was not compiled, or not for this machine.

    Python's lock is kept while a function of it runs.

    Args:
        path: of the library.
        counting: its functions that give a number of 64 bits.
    """
    if not path.is_file():
        return None
    try:
        found = ctypes.PyDLL(str(path))
        for name in counting:
            getattr(found, name).restype = ctypes.c_int64
    except (OSError, AttributeError) as error:
        # For another machine, or of an older release that lacks a function.
        logger.warning("%s cannot be loaded; it is done without, more slowly (%s)", path, error)
        return None
    return found
