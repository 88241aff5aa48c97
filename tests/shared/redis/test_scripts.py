"""Every Lua script names all its arguments in its first lines."""

import re
from pathlib import Path

import pytest

from shared.redis import link

LUA = Path(link.__file__).parent / "lua"

#: Functions that scripts use; they take no arguments of their own.
LIBRARIES = {"prelude"}.union(*link.LIBRARIES.values())

SCRIPTS = sorted(path for path in LUA.glob("*.lua") if path.stem not in LIBRARIES)

ARGUMENT = re.compile(r"\b(?:ARGV|KEYS)\b")


def head_and_body(script: str) -> tuple[list[str], str]:
    """The comment and the `local` lines that a script begins with, and all lines after them."""
    lines = script.splitlines()
    size = next(at for at, line in enumerate(lines) if not line.startswith(("--", "local ")))
    return lines[:size], "\n".join(lines[size:])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_names_its_arguments_at_its_top(path: Path) -> None:
    """A script names its arguments in their order, each once, and then uses the names alone."""
    head, body = head_and_body(path.read_text())
    assert head[0].startswith("-- ")
    assert not ARGUMENT.search(body)
    numbers = [int(number) for line in head for number in re.findall(r"ARGV\[(\d+)\]", line)]
    rest = [int(number) for line in head for number in re.findall(r"arguments_from\((\d+)\)", line)]
    assert numbers + rest == list(range(2, 2 + len(numbers) + len(rest)))


def test_the_prelude_names_the_prefix() -> None:
    """The prelude names the prefix, and passes other arguments on by `arguments_from` alone."""
    for library in LIBRARIES - {"prelude"}:
        assert not ARGUMENT.search((LUA / f"{library}.lua").read_text())
    prelude = (LUA / "prelude.lua").read_text()
    code = [line for line in prelude.splitlines() if not line.startswith("--")]
    used = [line.strip() for line in code if ARGUMENT.search(line)]
    assert used == [
        "local prefix = ARGV[1]",
        "for index = first, #ARGV do",
        "found[#found + 1] = ARGV[index]",
    ]


#: The scripts that take in something new, which a full Redis refuses, and those that only read.
WITHOUT_RESERVE = {
    "ask",
    "create_bulk",
    "create_small",
    "hold_key",
    "new_time",
    "read_aliases",
    "load",
    "waiting_small",
    "workloads",
    # It answers also if Redis refuses to write what it has counted.
    "serving",
}


def test_what_goes_on_with_recorded_jobs_may_write_to_a_full_redis() -> None:
    """Every script begins with `use_reserve`, except those that take in what is new, or read."""
    bodies = {path.stem: head_and_body(path.read_text())[1].lstrip() for path in SCRIPTS}
    without = {name for name, body in bodies.items() if not body.startswith("use_reserve()\n")}
    assert without == WITHOUT_RESERVE
