"""`python deploy/requirements.py EXTRA...` prints the dependencies of the project and of extras.

An image installs this list before it copies any code, so a change of code, or of another part of
pyproject.toml, does not invalidate the layer with the dependencies.
"""

import sys
import tomllib
from pathlib import Path
from typing import Any


def requirements(pyproject: Path, extras: list[str]) -> list[str]:
    """The dependencies of the project and of some extras.

    Args:
        pyproject: the path of `pyproject.toml`.
        extras: names in `[project.optional-dependencies]`.

    Raises:
        KeyError: an extra does not exist.
    """
    project = _project(pyproject)
    found = list(project["dependencies"])
    for extra in extras:
        found += project["optional-dependencies"][extra]
    # The command comes from this tree too: what it needs stands in its own pyproject.toml.
    client = _project(pyproject.parent / "packages" / "client" / "pyproject.toml")
    ours = f"{client['name']} == {client['version']}"
    return [*(one for one in found if one != ours), *client["dependencies"]]


def _project(pyproject: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return project


if __name__ == "__main__":
    print("\n".join(requirements(Path("pyproject.toml"), sys.argv[1:])))
