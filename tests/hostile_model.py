"""A model that some texts end: a runtime of its own, found as one that a package brings."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Self

import pandas as pd

from shared.model import RUNTIMES, SCORE, TEXT, Card, write_card

FORMAT = "hostile"

#: Texts: one on which the process dies as of a segmentation fault, and one that takes for ever.
CRASHES, HANGS = "crash", "hang"


class HostileModel:
    """Scores a text by its length, a thousandth for each character."""

    def __init__(self, card: Card) -> None:
        self.card = card

    @classmethod
    def load(cls, folder: Path, card: Card) -> Self:  # noqa: ARG003  the seam
        """There is nothing to read; see `shared.model.Model.load`."""
        return cls(card)

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score texts, and do what some of them ask for; see `shared.model.Model.score`."""
        if (frame[TEXT] == CRASHES).any():
            os.kill(os.getpid(), signal.SIGSEGV)
        while (frame[TEXT] == HANGS).any():
            time.sleep(60)
        return pd.DataFrame({SCORE: frame[TEXT].str.len() / 1000}, index=frame.index)

    def warm_up(self) -> None:
        """There is nothing to warm up."""


def make(folder: Path) -> dict[str, str]:
    """Write the model, and the metadata by which its runtime is found, into a folder.

    Returns:
        The environment of a worker that serves it, and of its API.
    """
    model = folder / "models" / FORMAT
    model.mkdir(parents=True)
    (model / f"model.{FORMAT}").write_text("")
    write_card(model, name=FORMAT, format=FORMAT, files=[f"model.{FORMAT}"])
    metadata = folder / "packages" / "hostile_model-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: hostile-model\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(
        f"[{RUNTIMES}]\n{FORMAT} = {Path(__file__).stem}:HostileModel\n"
    )
    return {
        "PYTHONPATH": os.pathsep.join(
            [str(metadata.parent), str(Path(__file__).parent), *sys.path]
        ),
        "SCORELANE_MODELS_DIR": str(model.parent),
        "SCORELANE_SERVE": FORMAT,
        "SCORELANE_DEFAULT_MODEL": FORMAT,
    }
