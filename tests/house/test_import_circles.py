"""No import circle among the project's files, nor among its folders.

Every import counts: those inside functions and under `if TYPE_CHECKING:` too. A folder stands for
all files in it and below it; the files at the root of a package stand for themselves.
"""

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("api", "worker", "shared", "scoring", "training", "scorelane")

#: Node -> the nodes that it imports.
Graph = dict[str, set[str]]


def file_graph(root: Path, packages: tuple[str, ...]) -> Graph:
    """Which file imports which, both as paths below `root`."""
    files = {path for package in packages for path in (root / package).rglob("*.py")}
    return {
        path.relative_to(root).as_posix(): {
            imported.relative_to(root).as_posix()
            for imported in imported_files(path, root)
            if imported in files and imported != path
        }
        for path in files
    }


def imported_files(path: Path, root: Path) -> Iterator[Path]:
    """The files that the import statements of one file name.

    `from a.b import c` names the module `a.b.c` if that is a file, else the module `a.b`. An import
    also runs the `__init__.py` of each folder above the module; only one that is named counts.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from filter(None, (module_file(root, name.name) for name in node.names))
        elif isinstance(node, ast.ImportFrom):
            folder = path.relative_to(root).parent.parts
            above = folder[: len(folder) + 1 - node.level] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            for name in node.names:
                found = module_file(root, f"{module}.{name.name}") or module_file(root, module)
                if found:
                    yield found


def module_file(root: Path, module: str) -> Path | None:
    """The file of a module, or None if the project has no such module."""
    path = root.joinpath(*module.split("."))
    candidates = (path.with_name(f"{path.name}.py"), path / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)


def folder_graph(files: Graph) -> Graph:
    """Which folder imports which, from which file imports which.

    An import between two files is one between every folder that holds only the first and every
    folder that holds only the second, at every depth below the package.
    """
    graph: Graph = {}
    for file, imported in files.items():
        own = folder_nodes(file)
        for node in own:
            graph.setdefault(node, set())
        for other in imported:
            others = folder_nodes(other)
            for source, target in product(own - others, others - own):
                graph.setdefault(source, set()).add(target)
    return graph


def folder_nodes(file: str) -> set[str]:
    """The nodes that stand for a file: the folders that hold it, or a root file itself.

    A package's own `__init__.py` stands for the package, as one of its root files.
    """
    package, *folders, _ = file.split("/")
    if not folders:
        return {file}
    return {"/".join([package, *folders[:depth]]) for depth in range(1, len(folders) + 1)}


def circles(graph: Graph) -> list[list[str]]:
    """The members of each circle, sorted: the strongly connected components of two or more nodes.

    Two nodes are in one component if each can be reached from the other.
    """
    reached = {node: reachable(graph, node) for node in graph}
    found = {
        tuple(sorted(other for other in reached[node] if node in reached[other]))
        for node in graph
        if node in reached[node]
    }
    return sorted(map(list, found))


def reachable(graph: Graph, start: str) -> set[str]:
    """The nodes that one or more steps lead to from `start`."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for node in graph.get(waiting.pop(), ()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


def described(members: list[list[str]]) -> str:
    """Each circle on a line of its own."""
    return "\n".join(" <-> ".join(circle) for circle in members)


def test_no_files_import_each_other() -> None:
    """No file of the project imports itself by way of others."""
    found = circles(file_graph(ROOT, PACKAGES))
    assert not found, f"circles of files:\n{described(found)}"


def test_no_folders_import_each_other() -> None:
    """No folder of the project imports itself by way of others."""
    found = circles(folder_graph(file_graph(ROOT, PACKAGES)))
    assert not found, f"circles of folders:\n{described(found)}"


def write_tree(root: Path, files: dict[str, str]) -> Graph:
    """Write files below `root`, in packages of the name `pack`, and read their imports."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return file_graph(root, ("pack", "other"))


@pytest.mark.parametrize(
    "back",
    [
        "import pack.a",
        "import pack.a as name",
        "from pack.a import name",
        "from pack import a",
        "from . import a",
        "from .a import name",
        "def late():\n    from pack.a import name",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pack.a import name",
        "try:\n    import pack.a\nexcept ImportError:\n    pass",
    ],
)
def test_every_form_of_import_counts(tmp_path: Path, back: str) -> None:
    """Two files that import each other are found, however the second one imports the first."""
    tree = write_tree(
        tmp_path, {"pack/__init__.py": "", "pack/a.py": "import pack.b", "pack/b.py": back}
    )
    assert circles(tree) == [["pack/a.py", "pack/b.py"]]


def test_a_long_circle_is_found_across_packages(tmp_path: Path) -> None:
    """All members of a circle are named, and the file that only imports into it is not."""
    tree = write_tree(
        tmp_path,
        {
            "pack/a.py": "from pack.deep.b import name",
            "pack/deep/b.py": "from other.c import name",
            "other/c.py": "from pack import a",
            "other/d.py": "from other import c",
        },
    )
    assert circles(tree) == [["other/c.py", "pack/a.py", "pack/deep/b.py"]]


def test_a_relative_import_climbs(tmp_path: Path) -> None:
    """Each dot after the first goes up one folder; `__init__.py` counts as inside its folder."""
    tree = write_tree(
        tmp_path,
        {
            "pack/__init__.py": "",
            "pack/a.py": "from pack import deep",
            "pack/deep/__init__.py": "from .b import name",
            "pack/deep/b.py": "from ..a import name",
        },
    )
    assert circles(tree) == [["pack/a.py", "pack/deep/__init__.py", "pack/deep/b.py"]]


def test_files_without_a_circle_may_still_make_one_of_folders(tmp_path: Path) -> None:
    """Folders that import each other by different files are a circle of folders only."""
    tree = write_tree(
        tmp_path,
        {
            "pack/one/a.py": "from pack.two.a import name",
            "pack/two/a.py": "",
            "pack/two/b.py": "from pack.one.b import name",
            "pack/one/b.py": "",
        },
    )
    assert circles(tree) == []
    assert circles(folder_graph(tree)) == [["pack/one", "pack/two"]]


def test_root_files_stand_for_themselves(tmp_path: Path) -> None:
    """A folder may lie between two root files of its package, and import the lower one."""
    tree = write_tree(
        tmp_path,
        {
            "pack/door.py": "from pack.room.a import name",
            "pack/room/a.py": "from pack.ground import name",
            "pack/ground.py": "",
        },
    )
    assert circles(folder_graph(tree)) == []
    back = write_tree(tmp_path, {"pack/ground.py": "from pack.room import a"})
    assert circles(folder_graph(back)) == [["pack/ground.py", "pack/room"]]


def test_folders_count_at_every_depth(tmp_path: Path) -> None:
    """A folder's circle with another may go through folders below it, and through `__init__.py`."""
    tree = write_tree(
        tmp_path,
        {
            "pack/one/__init__.py": "from pack.two.inner.a import name",
            "pack/two/inner/a.py": "",
            "pack/two/b.py": "from pack.one.inner.b import name",
            "pack/one/inner/b.py": "",
        },
    )
    assert circles(tree) == []
    assert circles(folder_graph(tree)) == [["pack/one", "pack/two"]]


def test_a_folder_and_its_own_files_are_no_circle(tmp_path: Path) -> None:
    """What a folder imports from folders below it, and they from it, is inside of it."""
    tree = write_tree(
        tmp_path,
        {
            "pack/room/a.py": "from pack.room.inner.b import name",
            "pack/room/inner/b.py": "from pack.room.c import name",
            "pack/room/c.py": "",
        },
    )
    assert circles(folder_graph(tree)) == []
