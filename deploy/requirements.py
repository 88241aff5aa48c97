"""`python deploy/requirements.py EXTRA...`: what pyproject.toml says those extras need, by line.

An image installs this list before it gets any code: a change of code, or of a linter's settings in
pyproject.toml, then leaves the layer with the dependencies as it was.
"""

import sys
import tomllib
from pathlib import Path
from typing import Any


def requirements(pyproject: Path, extras: list[str]) -> list[str]:
    """The project's own dependencies and those of some extras.

    Args:
        pyproject: the path of a pyproject.toml.
        extras: names of `[project.optional-dependencies]`.

    Raises:
        KeyError: there is no such extra.
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
