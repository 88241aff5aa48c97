"""`shared/` holds what both programs use; what only one of them uses is in that program."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

PROGRAMS = {"api", "worker"}
OTHERS = {"scoring", "training", "scorelane"}

#: Modules that only one program imports, or none, and why they are shared nevertheless.
EXCEPTIONS = {
    "shared.redis.broker": "kombu imports it by its name, in both programs",
    "shared.tables.parquet_process": "a program that shared.tables.parquet_rows starts by its name",
}


@cache
def modules() -> dict[str, Path]:
    """Every module of the project, by its name; packages are left out."""
    paths = [
        path for room in ("shared", *PROGRAMS, *OTHERS) for path in (ROOT / room).rglob("*.py")
    ]
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in paths
        if path.name != "__init__.py"
    }


@cache
def imports_of(module: str) -> frozenset[str]:
    """The modules of `shared` that a module imports, wherever in its code."""
    found = set()
    for node in ast.walk(ast.parse(modules()[module].read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
        elif isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
    return frozenset(one for one in found if one in modules() and one.startswith("shared."))


def used_by(room: str) -> set[str]:
    """The modules of `shared` that a room imports, directly or by way of other modules there."""
    found: set[str] = set()
    waiting = [module for module in modules() if module.startswith(f"{room}.")]
    while waiting:
        more = imports_of(waiting.pop()) - found
        found |= more
        waiting += more
    return found


def test_every_shared_module_is_used_by_both_programs() -> None:
    """Or by one of them and by the scoring, the training or the command line."""
    uses = {room: used_by(room) for room in PROGRAMS | OTHERS}
    shared = sorted(module for module in modules() if module.startswith("shared."))
    found = {}
    for module in shared:
        rooms = {room for room, used in uses.items() if module in used}
        if not rooms >= PROGRAMS and not (rooms & PROGRAMS and rooms & OTHERS):
            found[module] = sorted(rooms)
    alone = {module: rooms for module, rooms in found.items() if module not in EXCEPTIONS}
    assert not alone, "move each of these into the program that uses it"
    assert EXCEPTIONS.keys() <= found.keys(), "an exception that is none any more"
