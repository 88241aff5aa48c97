"""Loads the C libraries that `hatch_build.py` compiles if it finds a C compiler."""

import ctypes
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


def library(path: Path, counting: Iterable[str], *, holds_lock: bool = True) -> Any:
    """A compiled library; None if it was not compiled, or not for this machine.

    Args:
        path: the file of the library.
        counting: the names of its functions that return a 64-bit integer.
        holds_lock: whether its functions run with Python's global lock held; no other thread runs
            meanwhile.
    """
    if not path.is_file():
        return None
    try:
        found = (ctypes.PyDLL if holds_lock else ctypes.CDLL)(str(path))
        for name in counting:
            getattr(found, name).restype = ctypes.c_int64
    except (OSError, AttributeError) as error:
        # Compiled for another machine, or by an older release that lacks a function.
        logger.warning(
            "%s cannot be loaded; the slower Python code is used instead (%s)", path, error
        )
        return None
    return found
