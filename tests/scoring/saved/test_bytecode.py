"""Functions that cloudpickle has stored under another version of Python never run."""

import sys
from pathlib import Path
from types import CodeType
from typing import Any

import cloudpickle
import numpy as np
import pytest

from scoring.saved.bytecode import OtherPython, checked_code
from scoring.saved.reading import read_estimator
from shared.errors.model import UnusableModel

#: The instructions of `length`, by the version of Python that compiled it.
INSTRUCTIONS = {
    (3, 11): (
        "97007401000000000000000000007c00a0010000000000000000000000000000000000000000a6000000"
        "ab000000000000000000a6010000ab0100000000000000005300"
    ),
    (3, 12): (
        "9700740100000000000000007c006a03000000000000000000000000000000000000ab00000000000000"
        "ab010000000000005300"
    ),
    (3, 13): (
        "95005b010000000000000000550052030000000000000000000000000000000000003500000000000000"
        "35010000000000002400"
    ),
}
OTHERS = [code for name, code in INSTRUCTIONS.items() if name != sys.version_info[:2]]


def length(text: str) -> int:
    return len(text.strip())


def stored(code: str) -> bytes:
    """A file of cloudpickle with the function, but with other instructions."""
    function: Any = lambda text: len(text.strip())  # noqa: E731  not importable, so stored whole
    own, other = function.__code__.co_code, bytes.fromhex(code)
    # In this protocol, bytes follow a `C` and their number, and nothing counts the whole.
    content = cloudpickle.dumps(function, protocol=3)
    changed = content.replace(bytes([*b"C", len(own)]) + own, bytes([*b"C", len(other)]) + other)
    assert other in changed
    return changed


def arguments(code: CodeType) -> tuple[Any, ...]:
    """What cloudpickle passes to `types.CodeType`."""
    return cloudpickle.cloudpickle._code_reduce(code)[1]  # type: ignore[no-any-return]


def branches(text: str) -> Any:
    try:
        with np.errstate(all="ignore"):
            found = {word: f"{word}!" for word in text.split() if word not in "!?"}
        yield from (value for value in found.values())
    except (KeyError, ValueError) as error:
        raise RuntimeError from error
    finally:
        text += "".join([*text])


async def waits(text: Any) -> Any:
    async with text as inner:
        return [one async for one in inner if await one]


@pytest.mark.parametrize("function", [length, branches, waits, Path.glob, np.linspace, CodeType])
def test_code_of_this_version_is_built(function: Any) -> None:
    """With every kind of instruction."""
    codes = [function.__code__] if hasattr(function, "__code__") else []
    for code in codes:
        assert checked_code(*arguments(code)) == code
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]


@pytest.mark.parametrize("code", OTHERS)
def test_code_of_another_version_is_refused(tmp_path: Path, code: str) -> None:
    """When the file is read, and not when the function runs, which would end the process."""
    path = tmp_path / "model.pkl"
    path.write_bytes(stored(code))
    with pytest.raises(UnusableModel, match=r"under another version of Python.* Save the pipeline"):
        read_estimator(path)


def test_code_with_other_parts_is_refused() -> None:
    """Before Python 3.11, code had fewer parts."""
    with pytest.raises(OtherPython):
        checked_code(*arguments(length.__code__)[:-4])
