"""Cuts texts into words exactly as Keras's layer `TextVectorization` does."""

import re
import string
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

#: What the layer does with a text before it is split: its argument `standardize`.
STANDARDIZE = ("lower_and_strip_punctuation", "lower", "strip_punctuation", "none")

#: TensorFlow splits at the white space of ASCII alone, and not at the separators of ASCII.
_WORD = re.compile(r"[^ \t\n\v\f\r]+")


@dataclass(frozen=True)
class StandardisedTokeniser:
    """Lower-cases ASCII letters, removes ASCII punctuation, and then splits at white space.

    "Don't!" becomes `dont`, "good,bad" becomes `goodbad`, and letters beyond ASCII keep their case.

    Attributes:
        standardize: one of `STANDARDIZE`.
    """

    standardize: str = STANDARDIZE[0]

    #: A separator at which a text may be split before it is cut.
    splits_at = " "

    @cached_property
    def _table(self) -> dict[int, str | None]:
        table: dict[int, str | None] = {}
        if "lower" in self.standardize:
            table |= {ord(letter): letter.lower() for letter in string.ascii_uppercase}
        if "strip" in self.standardize:
            table |= dict.fromkeys(map(ord, string.punctuation))
        return table

    def words(self, text: str) -> list[str]:
        """The words of a text, in their order."""
        return _WORD.findall(text.translate(self._table))

    def options(self) -> dict[str, Any]:
        """The options for a card, as `from_options` reads them."""
        return {"standardize": self.standardize}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Self:
        """Make the tokeniser from a card's options.

        Raises:
            ValueError: the layer has no such way.
        """
        if options["standardize"] not in STANDARDIZE:
            raise ValueError(f"its card's standardize is not one of {', '.join(STANDARDIZE)}")
        return cls(options["standardize"])
