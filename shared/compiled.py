"""Loads the C libraries that `hatch_build.py` compiles if it finds a C compiler."""

import ctypes
import hashlib
import logging
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

#: The name of the text in a library that says from which sources it was compiled.
SOURCES_SYMBOL = "compiled_sources"

_INCLUDE = re.compile(rb'^#include "(.+)"', re.MULTILINE)


def sources_digest(source: Path) -> str:
    """The SHA-256 of a C source and of all files of the project that it includes, as hex digits."""
    digest = hashlib.sha256()
    seen: list[Path] = []
    left = [source.resolve()]
    while left:
        file = left.pop()
        if file in seen:
            continue
        seen.append(file)
        content = file.read_bytes()
        digest.update(b"%d\n" % len(content) + content)
        left += [(file.parent / name.decode()).resolve() for name in _INCLUDE.findall(content)]
    return digest.hexdigest()


def library(path: Path, counting: Iterable[str], *, holds_lock: bool = True) -> Any:
    """A compiled library; None if it was not compiled, or not for this machine.

    Nor is a library used that was compiled from other sources than those that lie beside it: its
    functions may take other arguments, and would give wrong values.

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
        made_of = (ctypes.c_char * 64).in_dll(found, SOURCES_SYMBOL).raw.decode("latin-1")
    except (OSError, AttributeError, ValueError) as error:
        # Compiled for another machine, or by an older release that lacks a function.
        logger.warning(
            "%s cannot be loaded; the slower Python code is used instead (%s)", path, error
        )
        return None
    source = path.with_suffix(".c")
    if source.is_file() and sources_digest(source) != made_of:
        logger.warning(
            "%s was compiled from other sources than %s; the slower Python code is used instead: "
            "install again to compile",
            path,
            source.name,
        )
        return None
    return found
