"""Turns texts into the numbers of their tokens, and puts texts of like length into one batch."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# Read by `tokenizers` at its first call. Workers run one process per core, so more threads would
# only compete for the same cores; and a process that forks after threads have started may hang.
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import Tokenizer

#: The lengths of batches are multiples of this number of tokens.
STEP = 8

#: What the token of padding is called in tokenizers of different families.
_PADDING_NAMES = ("[PAD]", "<pad>", "<|pad|>")

#: The most tokens in a batch, which bounds its memory.
_BATCH_TOKENS = 4096


class Batch(NamedTuple):
    """Texts of like length.

    Attributes:
        places: the places of the n texts in the input.
        ids: an array of n x t, the numbers of the tokens.
        mask: an array of n x t, 1 for a token and 0 for padding.
    """

    places: npt.NDArray[np.intp]
    ids: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]


class Tokens:
    """The tokens of texts, as the model's training cut them."""

    def __init__(self, path: Path, max_length: int) -> None:
        """Read `tokenizer.json`.

        Args:
            path: the file.
            max_length: the most tokens of a text that are kept, with the special ones.

        Raises:
            ValueError: it is no such file.
        """
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        # `tokenizers` raises a bare Exception.
        except Exception as error:
            raise ValueError(f"{path.name} is no tokenizer.json: {error}") from error
        padding = self._tokenizer.padding or {}
        known = (self._tokenizer.token_to_id(name) for name in _PADDING_NAMES)
        # Where the file names none, any number does: the mask takes it out.
        self._pad = int(padding.get("pad_id", next((one for one in known if one is not None), 0)))
        truncation = self._tokenizer.truncation or {}
        # The padding of the file would depend on the other texts of a batch, or waste time.
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(
            max_length, direction=truncation.get("direction", "right")
        )
        self._max_length = max_length

    def cut(self, texts: Sequence[str]) -> tuple[list[list[int]], npt.NDArray[np.bool_]]:
        """The numbers of the tokens of n texts, and whether each text was longer than they are."""
        encoded = self._tokenizer.encode_batch_fast(list(texts))
        return [one.ids for one in encoded], np.array([bool(one.overflowing) for one in encoded])

    def batches(self, rows: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Batches of rows of like length.

        The length to which a row is padded follows from the row alone: so its outputs do not
        depend on the rows that happen to be next to it.
        """
        lengths = np.array([len(row) for row in rows])
        padded = np.minimum(-(-lengths // STEP) * STEP, self._max_length)
        order = np.argsort(padded, kind="stable")
        for length in np.unique(padded).tolist():
            group = order[padded[order] == length]
            count = max(1, _BATCH_TOKENS // length)
            for start in range(0, len(group), count):
                places = group[start : start + count]
                yield self.batch(places, [rows[place] for place in places], length)

    def batch(self, places: npt.NDArray[np.intp], rows: Sequence[Sequence[int]], t: int) -> Batch:
        """A batch of n rows, each padded at its end to t tokens.

        Args:
            places: the places of the rows in the input.
            rows: the numbers of their tokens, t at most.
            t: the length.
        """
        ids = np.full((len(rows), t), self._pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
        return Batch(places, ids, mask)
