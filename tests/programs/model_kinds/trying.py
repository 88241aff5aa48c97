"""Adds the models in folders as a user does, scores their rows as a worker does, and compares."""

import csv
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from scoring.mapped.words_model import MappedWordsModel
from scoring.saved.parts import children, is_part
from shared.errors.input import BadOption
from shared.errors.model import ModelError
from shared.model import Model, load_model
from shared.signature import Signature
from shared.tables.cells import parse_cells
from training.add_model import add_model
from training.added.meaning import Meaning
from worker.steps.frames import frame_of

#: The options of `Meaning` that name files.
_FILES = ("vectorizer", "word_index", "tokenizer", "example")

#: How long the rate of a model is measured, in seconds, and with how many rows at most.
_SECONDS, _ROWS = 0.3, 10_000

#: A text of a row may be so long.
_MAX_CHARS = 1_000_000

#: Package of a part of an estimator -> what runs it.
_FAST = {
    "scoring.words": "fast words",
    "scoring.tables.fast_columns": "fast columns",
    "scoring.tables": "fast trees",
}
_LIBRARIES = {
    "sklearn": "scikit-learn",
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
}


def tried(folder: Path, *, measure: bool = True) -> dict[str, Any]:
    """Add the model of a folder, score its rows, and compare the outputs with its own.

    Args:
        folder: what `Kind.write` wrote.
        measure: whether to measure the rate.

    Returns:
        What goes into the table: `accepted`, and `reason` if it is not; else `runtime`, `takes`,
        `gives`, `difference`, `errors` (rows without outputs), `rate`, and `fault`, which is empty
        if all is well.
    """
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    known = {name: about[name] for name in ("group", "name")}
    if "file" not in about:
        return known | {"accepted": False, "reason": "", "fault": "it could not be made"}
    try:
        # A context, because tests try models too.
        with patch.dict(os.environ, SCORELANE_TRUSTED_TYPES=about["trusted"]):
            added = add_model(
                folder / about["file"], name="mine", output=folder, meaning=_meaning(folder, about)
            )
            model = load_model(folder / "mine")
    except (ModelError, BadOption) as error:
        fault = "it should be accepted" if about["accepted"] else ""
        return known | {"accepted": False, "reason": _reason(error), "fault": fault}
    model.warm_up()
    signature = added.card.signature
    frame, errors = _frame(folder / "rows.csv", signature)
    scored = model.score(frame)
    expected = pd.read_csv(
        folder / "expected.csv",
        float_precision="round_trip",
        dtype={one.name: str for one in signature.outputs if one.type == "string"},
    )
    difference, fault = _compared(scored, expected, signature, errors)
    if not fault and not difference <= about["within"]:
        fault = f"it differs by {difference:g}"
    if not about["accepted"]:
        fault = "it should be refused"
    return known | {
        "accepted": True,
        "runtime": runtime_of(model, folder / "mine"),
        "takes": len(signature.inputs),
        "gives": len(signature.outputs),
        "difference": difference,
        "errors": len(errors),
        "rate": _rate(model, frame) if measure else None,
        "fault": fault,
    }


def _meaning(folder: Path, about: Mapping[str, Any]) -> Meaning:
    options = dict(about["options"])
    for name in _FILES:
        if isinstance(given := options.get(name), list):
            options[name] = [folder / one for one in given]
        elif given is not None:
            options[name] = folder / given
    return Meaning(**options)


def _reason(error: Exception) -> str:
    reason = str(getattr(error, "fields", {}).get("reason", error))
    return reason.partition(". ")[0].partition("\n")[0]


def _frame(rows: Path, signature: Signature) -> tuple[pd.DataFrame, dict[int, str]]:
    """The rows of a CSV as a model gets them, and the errors of those that it does not get."""
    with rows.open(encoding="utf-8", newline="") as file:
        header, *cells = csv.reader(file)
    by_name = dict(zip(header, zip(*cells, strict=True), strict=True))
    columns, errors = [], {}
    for one in signature.inputs:
        column, found = parse_cells(one, by_name[one.name], _MAX_CHARS)
        columns.append(column)
        errors |= found
    wanted = [row for row in range(len(cells)) if row not in errors]
    frame = frame_of(signature.inputs, columns, wanted if errors else None)
    return frame.set_index(pd.Index(wanted)), errors


def _compared(
    scored: pd.DataFrame, expected: pd.DataFrame, signature: Signature, errors: Mapping[int, str]
) -> tuple[float, str]:
    """The largest difference of a number, relative to the number if it is over 1; and a fault."""
    names = [one.name for one in signature.outputs]
    if set(names) != set(expected.columns):
        return math.inf, f"it gives {', '.join(names)}, and not {', '.join(expected.columns)}"
    if lost := [row for row in errors if expected.loc[row].notna().any()]:
        return math.inf, f"{len(lost)} rows have errors, such as: {errors[lost[0]]}"
    largest = 0.0
    for one in signature.outputs:
        ours, theirs = scored[one.name], expected[one.name].loc[scored.index]
        if one.type == "string":
            if differs := int((ours.fillna("") != theirs.fillna("")).sum()):
                return math.inf, f"{one.name} differs in {differs} rows"
            continue
        found = np.asarray(ours, dtype=np.float64)
        wanted = np.asarray(theirs, dtype=np.float64)
        if not np.array_equal(np.isfinite(found), np.isfinite(wanted)):
            return math.inf, f"{one.name} is missing in other rows"
        finite = np.isfinite(wanted)
        apart = np.abs(found - wanted)[finite] / np.maximum(1, np.abs(wanted[finite]))
        largest = max(largest, float(apart.max(initial=0.0)))
    return largest, ""


def runtime_of(model: Model, folder: Path) -> str:
    """What runs a loaded model."""
    match type(model).__name__:
        case "OnnxModel":
            return "ONNX Runtime"
        case "MlflowModel":
            return "MLflow"
        case "KerasModel" | "KerasTable":
            is_compiled = (folder / "model.onnx").exists()
            return "ONNX Runtime (compiled)" if is_compiled else "TensorFlow"
    if model.card.format == "lgb":
        return "LightGBM"
    # The same code runs a mapped model, whose estimator is in the file of the user.
    whole = model.whole() if isinstance(model, MappedWordsModel) else model
    estimator = whole._estimator  # type: ignore[attr-defined]
    fast = dict.fromkeys(name for part in _walk(estimator) if (name := _fast_of(part)))
    last = _last(estimator)
    library = _LIBRARIES.get(type(last).__module__.partition(".")[0])
    # Compiled trees are in an object of scikit-learn's own class.
    if library and "fast trees" not in fast:
        fast[library] = None
    return ", ".join(fast)


def _walk(part: Any) -> Iterator[Any]:
    """The parts of an estimator, and what was put into them to make it faster."""
    yield part
    if _fast_of(part) or isinstance(part, type):
        return
    if is_part(part):
        yield from vars(part).values()
    for _, value in children(part):
        if isinstance(value, list | tuple | dict) or is_part(value) or _fast_of(value):
            yield from _walk(value)


def _last(estimator: Any) -> Any:
    return _last(estimator.steps[-1][1]) if hasattr(estimator, "steps") else estimator


def _fast_of(part: Any) -> str:
    """What makes an object or a function faster; empty if it is of scikit-learn."""
    module = getattr(part, "__module__", None) or ""
    return next((name for start, name in _FAST.items() if module.startswith(start)), "")


def _rate(model: Model, frame: pd.DataFrame) -> float:
    """The rows that a model scores in a second, in calls of 10,000 rows, or fewer if it is slow."""
    started = time.perf_counter()
    model.score(frame)
    taken = time.perf_counter() - started
    copies = max(1, min(_ROWS // len(frame), int(_SECONDS / max(taken, 1e-6))))
    many = pd.concat([frame] * copies, ignore_index=True)
    best, until = 0.0, time.perf_counter() + _SECONDS
    while time.perf_counter() < until or not best:
        started = time.perf_counter()
        model.score(many)
        best = max(best, len(many) / (time.perf_counter() - started))
    return best


def main() -> None:
    """Try the folders that are given, and print a line of JSON for each."""
    for folder in map(Path, sys.argv[1:]):
        try:
            found = tried(folder)
        # One model must not end the table of the others.
        except Exception as error:  # noqa: BLE001
            about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
            found = {"group": about["group"], "name": about["name"], "accepted": True}
            found["fault"] = f"{type(error).__name__}: {error}"
        print("\n" + json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
