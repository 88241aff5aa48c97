"""Turns texts into the bytes in which terms of characters are found."""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from scoring.words.text_bytes import TextBytes
from scoring.words.word_terms import Level, Terms

#: NUL in the modified UTF-8 of Java's `DataInput`: no other character has this form.
NUL = b"\xc0\x80"

#: Runs that scikit-learn replaces by one space, before it cuts a text into characters.
_SPACES = re.compile(r"\s\s+")


class Grams(NamedTuple):
    """How texts are cut into terms of characters, as scikit-learn's vectorisers do.

    Attributes:
        least: the minimum number of characters of a term.
        most: the maximum.
        inside: each word is cut by itself, with a space before and after it (`char_wb`).
    """

    least: int
    most: int
    inside: bool


class GramBytes(TextBytes):
    """Joins texts to one byte string, as a vectoriser of characters sees them."""

    def __init__(self, *, lower: bool, preprocess: Callable[[str], str], inside: bool) -> None:
        """Keep how texts are prepared.

        Args:
            lower: the vectoriser lower-cases texts.
            preprocess: what the vectoriser does with a text beyond ASCII, before it is cut.
            inside: see `Grams`.
        """

        def spaced(text: str) -> str:
            text = preprocess(text)
            return " ".join(text.split()) if inside else _SPACES.sub(" ", text)

        super().__init__(lower=lower, signs="", preprocess=spaced, nul=NUL.decode("latin-1"))

    def gram_terms(self, vocabulary: dict[str, int], *, lower: bool) -> Terms:
        """The terms of a vocabulary, for `CompiledWords`.

        Args:
            vocabulary: term -> column.
            lower: lower-case ASCII letters.
        """
        known = [(self._encoded(term), column) for term, column in vocabulary.items() if term]
        columns = np.array([*(column for _, column in known), -1], dtype=np.intp)
        table = bytes(range(256)).lower() if lower else bytes(range(256))
        return Terms(
            words=[word for word, _ in known],
            stops=np.zeros(len(known) + 1, dtype=np.bool_),
            levels=[Level(np.empty(0, dtype=np.uint64), columns)],
            shortest=1,
            table=table,
            stays=np.ones(0x110000, dtype=np.bool_),
            width=len(vocabulary),
        )

    def _encoded(self, term: str) -> bytes:
        encoded = self.protect_capitals(term).encode("utf-8", "surrogatepass")
        return encoded.replace(b"\0", NUL)
