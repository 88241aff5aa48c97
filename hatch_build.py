"""Compiles the C sources when the package is built or installed, if there is a C compiler.

Without one, Python does the same: NumPy counts words, at two fifths of the speed, scikit-learn
evaluates its own trees, and uploads are checked and cut at a fifth of the speed. Cells of tables
are read at a tenth of the speed, and result rows are written at a third.
"""

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

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
        for source in sources:
            target = source.with_suffix(".so")
            # To a new file first, because a running process may have loaded the older one.
            compiled = target.with_suffix(".so.new")
            command = [*compiler, *OPTIONS, "-o", str(compiled), str(source), "-lm"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                self.app.display_warning(f"{source.name} was not compiled:\n{done.stderr}")
                continue
            compiled.replace(target)
            build_data["artifacts"].append(str(target.relative_to(self.root)))
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
