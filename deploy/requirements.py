"""`python deploy/requirements.py EXTRA...` prints the dependencies of the project and of extras.

An image installs this list before it copies any code, so a change of code, or of another part of
pyproject.toml, does not invalidate the layer with the dependencies.
"""

import sys
import tomllib
from pathlib import Path


def requirements(pyproject: Path, extras: list[str]) -> list[str]:
    """The dependencies of the project and of some extras.

    Args:
        pyproject: the path of `pyproject.toml`.
        extras: names in `[project.optional-dependencies]`.

    Raises:
        KeyError: an extra does not exist.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    found = list(project["dependencies"])
    for extra in extras:
        found += project["optional-dependencies"][extra]
    return found


if __name__ == "__main__":
    print("\n".join(requirements(Path("pyproject.toml"), sys.argv[1:])))
