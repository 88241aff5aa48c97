"""Puts the client and its commands into their distribution.

The source is the `scorelane` folder of the checkout, which holds the commands of the client and of
the services. The pyproject.toml of the services lists theirs; all others are the client's.
"""

import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Select(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """Takes the client's files from the checkout, or from an sdist that holds only them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name each file of the client; an editable installation uses the folder itself."""
        if version == "editable":
            return
        for path, name in sorted(self._files()):
            build_data["force_include"][str(path)] = name

    def _files(self) -> list[tuple[Path, str]]:
        root, others = Path(self.root), set[str]()
        if not (root / "scorelane").is_dir():
            root = root.parents[1]
            others = _of_the_services(root / "pyproject.toml")
        found = []
        for path in (root / "scorelane").rglob("*"):
            name = path.relative_to(root)
            places = {str(name), *map(str, name.parents)}
            if path.suffix in {".py", ".typed"} and not places & others:
                found.append((path, str(name)))
        return found


def _of_the_services(pyproject: Path) -> set[str]:
    """The files and folders that the services' distribution takes."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    return set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
