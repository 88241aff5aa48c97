"""The client stands alone: it is installed without the project's other packages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENT = ROOT / "scorelane" / "client"

#: Top-level packages of this project.
PROJECT = {path.parent.name for path in ROOT.glob("*/__init__.py")}


def imports_in(source: str, package: str) -> Iterator[str]:
    """Names of all modules that `source` imports, at any depth, as absolute names.

    Imports inside functions and under `TYPE_CHECKING` count too. For `from a import b` this yields
    both `a` and `a.b`, because `b` may be a module.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            module = ".".join([*(base if node.level else []), *filter(None, [node.module])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def foreign(imported: str) -> bool:
    """Whether a name belongs to this project, but not to the client."""
    if imported.split(".", maxsplit=1)[0] not in PROJECT or imported == "scorelane":
        return False
    return f"{imported}.".removeprefix("scorelane.client.") == f"{imported}."


@pytest.mark.parametrize(
    "path", sorted(CLIENT.rglob("*.py")), ids=lambda path: str(path.relative_to(CLIENT))
)
def test_the_client_imports_no_other_package_of_the_project(path: Path) -> None:
    """No file of the client imports another room, at its top or inside a function."""
    package = ".".join(path.parent.relative_to(ROOT).parts)
    found = imports_in(path.read_text(encoding="utf-8"), package)
    assert [name for name in found if foreign(name)] == []


@pytest.mark.parametrize(
    ("source", "crossing"),
    [
        ("import shared.jobs.job", True),
        ("def f():\n    from shared.tables import csv_results", True),
        ("if TYPE_CHECKING:\n    import worker", True),
        ("from scorelane import commands", True),
        ("from scorelane.commands.common.bars import waiting", True),
        ("from ...commands import bars", True),
        ("from ..errors import ClientError", False),
        ("from scorelane.client.errors import ClientError", False),
        ("from scorelane import client", False),
        ("import scorelane", False),
        ("import httpx", False),
    ],
)
def test_a_crossing_import_is_found(source: str, crossing: bool) -> None:
    """The check above sees each way to write an import."""
    found = any(foreign(name) for name in imports_in(source, "scorelane.client.calls"))
    assert found is crossing


def test_the_project_has_other_packages() -> None:
    """The list of packages that the check looks for is not empty."""
    assert {"api", "worker", "shared", "scoring", "training", "scorelane"} <= PROJECT
