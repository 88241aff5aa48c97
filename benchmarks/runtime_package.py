"""Writes a model of a new format, and package metadata with the entry point of its runtime."""

import os
import sys
from pathlib import Path

from shared.card import write_card
from shared.model import RUNTIMES


def make(folder: Path, name: str, runtime: type, content: str = "") -> dict[str, str]:
    """Write a model, and the metadata of a package that provides its runtime, into a folder.

    Args:
        folder: the folder for both.
        name: the name of the model and of its format.
        runtime: the class that loads the model, in an importable module.
        content: the content of the model file.

    Returns:
        The environment variables for a worker and an API that serve only this model.
    """
    model = folder / "models" / name
    model.mkdir(parents=True)
    (model / f"model.{name}").write_text(content)
    write_card(model, name=name, format=name, files=[f"model.{name}"])

    metadata = folder / "packages" / f"{name}_model-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-model\nVersion: 1\n")
    entry = f"{name} = {runtime.__module__}:{runtime.__name__}"
    (metadata / "entry_points.txt").write_text(f"[{RUNTIMES}]\n{entry}\n")
    return {
        "PYTHONPATH": os.pathsep.join([str(metadata.parent), *sys.path]),
        "SCORELANE_MODELS_DIR": str(model.parent),
        "SCORELANE_SERVE": name,
        "SCORELANE_DEFAULT_MODEL": name,
    }
