"""Cuts texts into words exactly as Keras's `Tokenizer` does."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

#: The characters that `Tokenizer()` replaces if it is given no others.
DEFAULT_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


@dataclass(frozen=True)
class FilterTokeniser:
    """Replaces characters by a separator, and then splits at the separator.

    Attributes:
        filters: the characters that end a word and belong to none.
        lower: lower-case the text first.
        split: the separator. If it is a space, other white space belongs to words, unless
            `filters` has it.
        char_level: every character is a word; `filters` and `split` are not used.
    """

    filters: str = DEFAULT_FILTERS
    lower: bool = True
    split: str = " "
    char_level: bool = False

    @cached_property
    def _separators(self) -> dict[int, str]:
        return str.maketrans(dict.fromkeys(self.filters, self.split))

    @property
    def splits_at(self) -> str | None:
        """A separator at which a text may be split before it is cut; empty if there is none."""
        return "" if self.char_level or self.split != " " else " "

    def words(self, text: str) -> list[str]:
        """The words of a text, in their order."""
        if self.lower:
            text = text.lower()
        if self.char_level:
            return list(text)
        return [word for word in text.translate(self._separators).split(self.split) if word]

    def options(self) -> dict[str, Any]:
        """The options for a card, as `from_options` reads them."""
        return {
            "filters": self.filters,
            "lower": self.lower,
            "split": self.split,
            "char_level": self.char_level,
        }

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Self:
        """Make the tokeniser from a card's options.

        Raises:
            ValueError: an option has the wrong type, or the separator is empty.
        """
        given = {
            key: options[key]
            for key in ("filters", "lower", "split", "char_level")
            if key in options
        }
        tokeniser = cls(**given)
        for key, value in tokeniser.options().items():
            if type(value) is not type(getattr(cls, key)):
                raise ValueError(f"its card's {key} is wrong")
        if not tokeniser.split:
            raise ValueError("its card's split is empty")
        return tokeniser
