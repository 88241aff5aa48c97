"""Reads the files of a scikit-learn model, and stores the model as one file."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cloudpickle

from scoring.saved.reading import SKOPS, read_estimator
from scoring.saved.skops_file import save_skops
from shared.errors.input import BadOption
from shared.errors.model import UnusableModel
from training.added.file_parts import CONTAINERS, Parts, add_parts
from training.added.joining import Joined, join
from training.added.model_file import format_of


def copy_joined(file: Path, preprocessors: Sequence[Path], folder: Path) -> Joined:
    """Store a model as `model.pkl` or `model.skops` in a folder, as one estimator.

    A file with one estimator is copied as it is. Parts of a model are joined and saved anew.

    Args:
        file: the file with the model.
        preprocessors: the files of the steps before it, in their order.
        folder: the model folder.

    Raises:
        shared.errors.model.UnusableModel: the file of the model cannot be read here.
        shared.errors.input.BadOption: a file of a step cannot be read here, or is of another kind.
        ValueError: the parts do not fit.
    """
    kind = format_of(file)
    target = folder / f"model.{kind}"
    shutil.copyfile(file, target)
    held = read_estimator(target)
    if not preprocessors and not isinstance(held, CONTAINERS):
        return Joined(held)
    parts = Parts()
    for path in preprocessors:
        add_parts(parts, _read_step(path, kind), path.name)
    add_parts(parts, held, file.name if preprocessors else "")
    joined = join(parts)
    if target.suffix == SKOPS:
        save_skops(joined.estimator, target)
    else:
        # Not joblib: functions of a script's own, which cloudpickle has restored, have no module.
        target.write_bytes(cloudpickle.dumps(joined.estimator))
    return joined


def _read_step(path: Path, kind: str) -> Any:
    try:
        found = format_of(path)
    except ValueError as error:
        raise _bad_step(path, str(error)) from error
    if found != kind:
        raise _bad_step(path, f"the model is a .{kind} file. Save both in the same way")
    try:
        return read_estimator(path)
    except UnusableModel as error:
        raise _bad_step(path, str(error.fields["reason"])) from error


def _bad_step(path: Path, reason: str) -> BadOption:
    return BadOption(option="vectorizer", value=path, reason=reason)
