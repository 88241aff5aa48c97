"""A model that only waits: with it the cores are no limit, and what is left is the service's cost.

It is a runtime of its own, found by its entry point as one that a package brings.
"""

import os
import time
from pathlib import Path
from typing import Self

import pandas as pd

from shared.model import RUNTIMES, SCORE, Card, write_card

FORMAT = "waits"

ROOT = Path(__file__).resolve().parent.parent


class WaitingModel:
    """Takes a fixed time for each row, and no core."""

    def __init__(self, card: Card, seconds_per_row: float) -> None:
        self.card = card
        self._seconds_per_row = seconds_per_row

    @classmethod
    def load(cls, folder: Path, card: Card) -> Self:
        """Read from the model file how long a row takes; see `shared.model.Model.load`."""
        return cls(card, float((folder / card.model_file).read_text()))

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Wait, and score every row 0.5; see `shared.model.Model.score`."""
        time.sleep(self._seconds_per_row * len(frame))
        return pd.DataFrame({SCORE: 0.5}, index=frame.index)

    def warm_up(self) -> None:
        """There is nothing to warm up."""


def make(folder: Path, seconds_per_row: float) -> tuple[Path, dict[str, str]]:
    """Write the model, and the metadata by which its runtime is found, into a folder.

    Returns:
        The folder of model folders, and the environment that a worker needs to run it.
    """
    model = folder / "models" / FORMAT
    model.mkdir(parents=True)
    (model / f"model.{FORMAT}").write_text(repr(seconds_per_row))
    write_card(model, name=FORMAT, format=FORMAT, files=[f"model.{FORMAT}"])

    package = folder / "packages"
    metadata = package / "waiting_model-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: waiting-model\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(
        f"[{RUNTIMES}]\n{FORMAT} = {__name__}:WaitingModel\n"
    )
    paths = [str(package), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return model.parent, {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "SCORELANE_DEFAULT_MODEL": FORMAT,
    }
