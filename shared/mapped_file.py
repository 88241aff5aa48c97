"""The file of a model that processes map: what its compiled path needs, as raw arrays.

`scorelane add-model` writes it next to the model's own file where the scores from it are proven
equal (`scoring.mapped`). It is not among the `files` of a card, and decides no version: the
model's own file gives the same scores without it.
"""

import logging
from importlib.metadata import EntryPoint
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

logger = logging.getLogger(__name__)

MAPPED_FILE = "mapped.npz"

#: What the file holds -> the class that scores from it. Its module must import little.
_RUNTIMES = {"words": "scoring.mapped.words_model:MappedWordsModel"}


class MappedFile(BaseModel):
    """What a card says of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(description="The sha256 of the content of `mapped.npz`, in hex.")
    holds: str = Field(description="What it holds, which also selects the class that reads it.")
    compared: str = Field(description="With what its scores were compared when it was made.")
    rows: int = Field(description="How many rows were compared; every output was equal.")
    libraries: dict[str, str] = Field(description="The libraries with which it was compared.")


def mapped_runtime(mapped: MappedFile | None) -> Any | None:
    """The class that loads a model from its mapped file; None if its own file must be loaded.

    That is so without a mapped file or without a compiled library, on a machine with another order
    of bytes, and for what only a newer release can read.

    Args:
        mapped: what the card of the model says of the file.
    """
    value = _RUNTIMES.get(mapped.holds) if mapped else None
    if value is None:
        return None
    try:
        runtime = EntryPoint("mapped", value, "").load()
    except ImportError as error:
        logger.warning("mapped files are not read here: %s", error)
        return None
    return runtime if runtime.runs_here() else None
