"""Compiles `scoring/words.c` when the package is built or installed, where there is a C compiler.

Without one the same is done by NumPy, at two fifths of the speed.
"""

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: No contraction of products and sums, and no instructions that another machine may lack.
OPTIONS = ["-O3", "-shared", "-fPIC", "-ffp-contract=off", "-fno-math-errno"]


class CompileWords(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """Puts `words.so` beside its source, and into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile, before the wheel is made; for an editable installation too."""
        source = Path(self.root) / "scoring" / "words.c"
        compiler = shlex.split(os.environ.get("CC", "cc"))
        # The API's image holds no scoring.
        if not source.is_file():
            return
        if shutil.which(compiler[0]) is None:
            self.app.display_warning("no C compiler: words will be counted by NumPy, more slowly")
            return
        target = source.with_suffix(".so")
        # Into a file of its own first: a process that runs may have the older one loaded.
        made = target.with_suffix(".so.new")
        command = [*compiler, *OPTIONS, "-o", str(made), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            self.app.display_warning(f"words.c was not compiled:\n{done.stderr}")
            return
        made.replace(target)
        build_data["artifacts"].append("scoring/words.so")
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
