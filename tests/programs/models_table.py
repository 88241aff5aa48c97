"""Makes models of many kinds, adds and scores them, and compares that with their own outputs.

`--environments FOLDER` also tries other libraries and versions, each in an environment of its own
that is made in the folder. Without it only the libraries that are installed here are tried.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from programs.model_kinds.data import ASKED
from programs.model_kinds.environments import ENVIRONMENTS, python_of, run
from programs.model_kinds.page import page

#: Modules with kinds, the environments that make them, and those that score them; empty: this one.
PLAN = [
    ("tables", "", ""),
    ("texts", "", ""),
    ("files", "", ""),
    ("boosters", "more", "more"),
    ("graphs", "more", "more"),
    ("mlflow_folders", "more", "more"),
    ("keras_models", "", ""),
    ("keras_older", "keras-2.15", ""),
    *(("older", name, "") for name in ENVIRONMENTS if name.startswith("scikit-learn")),
    ("refused", "", ""),
]

#: What the page names the versions of.
_LIBRARIES = (
    "scikit-learn",
    "skops",
    "keras",
    "onnxruntime",
    *("xgboost-cpu", "lightgbm", "catboost", "skl2onnx", "mlflow"),
)


def tried(
    step: tuple[str, str, str], environments: Path | None, folder: Path
) -> list[dict[str, Any]]:
    """The results of the kinds of a module."""
    module, made_by, scored_by = step
    target = folder / f"{module}-{made_by}"
    run(python_of(environments, made_by), "making", module, str(target))
    folders = sorted(target.iterdir())
    printed = run(python_of(environments, scored_by), "trying", *map(str, folders))
    results = [json.loads(line) for line in printed.splitlines() if line.startswith('{"group"')]
    if len(results) < len(folders):
        sys.exit(f"only {len(results)} of {len(folders)} models of {module} were tried")
    print(f"{module} {made_by}: {len(results)} models", flush=True)
    return results


def versions(python: Path) -> str:
    """The versions of the libraries that an environment has."""
    program = (
        "from importlib.metadata import version, PackageNotFoundError\n"
        f"for name in {_LIBRARIES}:\n"
        "    try: print(name, version(name))\n"
        "    except PackageNotFoundError: pass\n"
    )
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True)
    return ", ".join(done.stdout.splitlines())


def main() -> None:
    """Try all kinds, write the results, and end with 1 if one is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, help="the folder of the environments")
    parser.add_argument("--json", type=Path, help="a file for the results")
    parser.add_argument("--page", type=Path, help="a file for the results as Markdown")
    parser.add_argument("--processes", type=int, default=2, help="how many work at once (2)")
    given = parser.parse_args()
    where = given.environments.resolve() if given.environments else None
    for name in ENVIRONMENTS if where else ():
        python_of(where, name)
    plan = [step for step in PLAN if where or not step[1]]
    with (
        tempfile.TemporaryDirectory(prefix="scorelane-models-") as folder,
        ThreadPoolExecutor(given.processes) as pool,
    ):
        one = partial(tried, environments=where, folder=Path(folder))
        results = [result for found in pool.map(one, plan) for result in found]
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if given.page:
        text = page(results, versions(python_of(where, "more")), ASKED)
        given.page.write_text(text, encoding="utf-8")
    faults = [f"{one['group']}: {one['name']}: {one['fault']}" for one in results if one["fault"]]
    print(f"{len(results)} models, {len(faults)} not as they should be", *faults, sep="\n")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
