"""Compiles the C sources when the package is built or installed, if there is a C compiler.

Without one, Python does the same: NumPy counts words, at two fifths of the speed, scikit-learn
evaluates its own trees, and uploads are checked and cut at a fifth of the speed. Cells of tables
are read at a tenth of the speed, and result rows are written at a third.

A wheel that was built where there is one holds the libraries, and needs none where it is installed.
Its tag says where they run: with any Python, because they do not call Python, and on systems whose
C library has all the functions that they call.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from runpy import run_path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags

#: The sources; each is compiled to a library in its own folder.
SOURCES = [
    "scoring/words/words.c",
    "scoring/tables/trees.c",
    "worker/steps/records.c",
    "worker/tables/read_cells.c",
    "worker/tables/write_rows.c",
    "shared/tables/characters.c",
]

#: No contraction of products and sums, and no instructions that another machine may lack.
OPTIONS = ["-O3", "-shared", "-fPIC", "-ffp-contract=off", "-fno-math-errno"]

#: The oldest glibc for which there are tags on all machines.
OLDEST_GLIBC = (2, 17)


class Compile(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """Compiles each source that exists, and puts the libraries into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, before the wheel is made; for an editable installation too."""
        if version != "editable" and (models := Path(self.root) / "models").is_dir():
            build_data["force_include"][str(models)] = "scorelane/models"
        # The API's image has only one of them.
        sources = [path for name in SOURCES if (path := Path(self.root) / name).is_file()]
        compiler = shlex.split(os.environ.get("CC", "cc"))
        if sources and shutil.which(compiler[0]) is None:
            self.app.display_warning("no C compiler: slower Python code is used instead")
            return
        compiled_to = []
        for source in sources:
            target = source.with_suffix(".so")
            # To a new file first, because a running process may have loaded the older one.
            compiled = target.with_suffix(".so.new")
            # The second source comes from the standard input: from what the first was made.
            command = [*compiler, *OPTIONS, "-o", str(compiled), str(source), "-x", "c", "-", "-lm"]
            done = subprocess.run(
                command, input=made_of(source), capture_output=True, text=True, check=False
            )
            if done.returncode:
                self.app.display_warning(f"{source.name} was not compiled:\n{done.stderr}")
                continue
            compiled.replace(target)
            compiled_to.append(target)
        if compiled_to:
            build_data["artifacts"] += [str(one.relative_to(self.root)) for one in compiled_to]
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform_of(compiled_to)}"


def made_of(source: Path) -> str:
    """C code with the digest of a source, by which `shared/compiled.py` knows its library."""
    compiled = run_path(str(Path(__file__).with_name("shared") / "compiled.py"))
    return f'const char {compiled["SOURCES_SYMBOL"]}[] = "{compiled["sources_digest"](source)}";'


def platform_of(libraries: Iterable[Path]) -> str:
    """The platform tag of a wheel with libraries that were compiled on this machine.

    On Linux with glibc it names the oldest glibc that has the functions that they call (PEP 600);
    elsewhere this system and its version.
    """
    # The tag of an unknown C library is `linux_...`.
    tags = list(platform_tags())
    own = next((tag for tag in tags if not tag.startswith("linux_")), tags[0])
    found = re.fullmatch(r"manylinux_\d+_\d+_(\w+)", own)
    if not found:
        return own
    # The names of the versions are strings of the file.
    versions = [
        (int(major), int(minor))
        for library in libraries
        for major, minor in re.findall(rb"\0GLIBC_(\d+)\.(\d+)", library.read_bytes())
    ]
    major, minor = max([*versions, OLDEST_GLIBC])
    return f"manylinux_{major}_{minor}_{found[1]}"
