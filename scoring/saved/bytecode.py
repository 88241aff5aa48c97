"""Checks the code of functions that cloudpickle has stored: it runs under one version of Python.

Such code does not name its version, and Python does not check it: code of another version ends the
process, or gives wrong results.
"""

import opcode
from platform import python_version
from types import CodeType
from typing import Any

#: How many unused units follow an instruction, by its number or (since Python 3.13) its name. See
#: `CACHE` in the documentation of the module `dis`.
_CACHES: Any = opcode._inline_cache_entries  # type: ignore[attr-defined]

_UNIT = 2  # bytes


class OtherPython(Exception):
    """Code of another version of Python; the message says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "its functions were stored by cloudpickle under another version of Python, and here is "
            f"Python {python_version()}. Save the pipeline again under this version; or put the "
            "functions into a package that is installed here and for the workers"
        )


def checked_code(*arguments: Any) -> CodeType:
    """Build a code object as `types.CodeType` does, if it is of this version of Python.

    Raises:
        OtherPython: it is of another version.
    """
    try:
        code = CodeType(*arguments)
    except (TypeError, ValueError) as error:  # another number of arguments
        raise OtherPython from error
    if not _is_of_this_python(code.co_code):
        raise OtherPython
    return code


def _is_of_this_python(code: bytes) -> bool:
    """Whether bytes are instructions of this version, each with the caches that it has here.

    Versions differ in the numbers of instructions or in the sizes of their caches. Short functions
    may consist of instructions that are the same in two versions, such as those that add numbers.
    """
    at, names = 0, set()
    while at < len(code):
        name = opcode.opname[code[at]]
        size = _UNIT * _caches(code[at], name)
        cache = code[at + _UNIT : at + _UNIT + size]
        if name == "CACHE" or name.startswith("<") or any(cache) or len(cache) < size:
            return False
        names.add(name)
        at += _UNIT + size
    return "RESUME" in names  # every function has it since Python 3.11


def _caches(number: int, name: str) -> int:
    if isinstance(_CACHES, dict):
        return int(_CACHES.get(name, 0))
    return int(_CACHES[number])
