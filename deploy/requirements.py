"""`python deploy/requirements.py EXTRA...`: what pyproject.toml says those extras need, by line.

An image installs this list before it gets any code: a change of code, or of a linter's settings in
pyproject.toml, then leaves the layer with the dependencies as it was.
"""

import sys
import tomllib
from pathlib import Path


def requirements(pyproject: Path, extras: list[str]) -> list[str]:
    """The project's own dependencies and those of some extras.

    Args:
        pyproject: the path of a pyproject.toml.
        extras: names of `[project.optional-dependencies]`.

    Raises:
        KeyError: there is no such extra.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    found = list(project["dependencies"])
    for extra in extras:
        found += project["optional-dependencies"][extra]
    return found


if __name__ == "__main__":
    print("\n".join(requirements(Path("pyproject.toml"), sys.argv[1:])))
