"""From texts to words to numbers, as the deep models need them."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

#: The word whose number stands for every word that the word index does not hold.
UNKNOWN = "<unk>"


@dataclass(frozen=True)
class Tokeniser:
    """How a text is cut into words; kept in a model's card, so that serving cuts as training did.

    Attributes:
        pattern: a regular expression for one word of the lower-cased text. It may hold no
            look-around and no back-reference, so that vectorised engines can run it too.
        replace: (old, new) pairs of plain strings, replaced in this order before the cut.
    """

    pattern: str
    replace: tuple[tuple[str, str], ...] = ()

    @cached_property
    def _find_words(self) -> Any:
        return re.compile(self.pattern).findall

    def words(self, text: str) -> list[str]:
        """The words of a text, lower-cased, in order."""
        text = text.lower()
        for old, new in self.replace:
            text = text.replace(old, new)
        found: list[str] = self._find_words(text)
        return found

    def options(self) -> dict[str, Any]:
        """The card's options that `from_options` reads."""
        return {"token_pattern": self.pattern, "replace": [list(pair) for pair in self.replace]}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Self:
        """The tokeniser of a card.

        Raises:
            ValueError: the options are not what `options()` writes; its text says why.
        """
        pattern = options["token_pattern"]
        try:
            groups = re.compile(pattern).groups
            pairs = tuple((str(old), str(new)) for old, new in options.get("replace", []))
        except (re.error, TypeError, ValueError) as error:
            raise ValueError(f"its card's token_pattern or replace is wrong ({error})") from error
        if groups:
            raise ValueError("its card's token_pattern has a group; write (?:...) instead of (...)")
        return cls(pattern, pairs)


#: Cuts "don't" into "do" and "n't", and "it's" into "it" and "'s", as the Penn Treebank does, and
#: so gives the same words for natural and for tokenised text ("do n't", "it 's").
TREEBANK = Tokeniser(
    r"n't|'(?:s|re|ve|ll|d|m)\b|\w+|[!?]",
    (("\N{RIGHT SINGLE QUOTATION MARK}", "'"), ("cannot", "can not"), ("n't", " n't")),
)

#: Keeps "don't" whole.
WHOLE_WORDS = Tokeniser(r"\w+(?:'\w+)*", (("\N{RIGHT SINGLE QUOTATION MARK}", "'"),))

#: Cuts "don't" into "don" and "t".
BARE_WORDS = Tokeniser(r"\w+")

#: The patterns whose matches hold no space, and do not depend on anything beyond one.
_WITHIN_SPACES = frozenset(tokeniser.pattern for tokeniser in (TREEBANK, WHOLE_WORDS, BARE_WORDS))

#: Pieces of texts that are remembered, and the characters of the longest: 20 MB at the most.
_MOST_PIECES, _LONGEST_PIECE = 100_000, 30


def tokeniser_for(word_idx: dict[str, int]) -> Tokeniser:
    """The tokeniser that a word index was most likely made with, by how it holds "don't"."""
    if "n't" in word_idx:
        return TREEBANK
    return WHOLE_WORDS if "don't" in word_idx else BARE_WORDS


class WordNumbers:
    """Gives texts the numbers of their words.

    A text is cut at its spaces first: most of the pieces were met before, and their numbers are
    remembered, which takes half the time of cutting every text by the regular expression.

    Attributes:
        highest: the highest number of a word.
    """

    def __init__(self, word_idx: dict[str, int], tokeniser: Tokeniser) -> None:
        """Take a word index and what cuts texts to suit it.

        Args:
            word_idx: word -> number. An unknown word gets the number of `<unk>`, or 0 if there is
                none.
            tokeniser: cuts a text into words.
        """
        self.highest = max(word_idx.values(), default=0)
        self._numbers_of = _Pieces(word_idx, tokeniser)
        self._in_pieces = tokeniser.pattern in _WITHIN_SPACES and all(
            old.split() == [old] for old, _ in tokeniser.replace
        )

    def rows(self, texts: Iterable[str], max_length: int) -> list[list[int]]:
        """The numbers of each text's first `max_length` words; n lists, for n texts."""
        if self._in_pieces:
            return [self._row(text, max_length) for text in texts]
        return [list(self._numbers_of[text][:max_length]) for text in texts]

    def _row(self, text: str, max_length: int) -> list[int]:
        # Almost every piece holds a word, so the rest of a long text is rarely looked at.
        pieces = text.split(None, max_length)
        rest = pieces.pop() if len(pieces) > max_length else ""
        row: list[int] = []
        for piece in pieces:
            row += self._numbers_of[piece]
        if len(row) < max_length:
            for piece in rest.split():
                row += self._numbers_of[piece]
        return row[:max_length]


class _Pieces(dict[str, tuple[int, ...]]):
    """Piece of a text -> the numbers of its words; remembers the pieces that it was asked for."""

    def __init__(self, word_idx: dict[str, int], tokeniser: Tokeniser) -> None:
        super().__init__()
        self._words, self._number = tokeniser.words, word_idx.get
        self._unknown = word_idx.get(UNKNOWN, 0)

    def __missing__(self, piece: str) -> tuple[int, ...]:
        numbers = tuple(self._number(word, self._unknown) for word in self._words(piece))
        if len(piece) <= _LONGEST_PIECE:
            if len(self) >= _MOST_PIECES:
                self.clear()
            self[piece] = numbers
        return numbers


def word_ids(
    texts: Iterable[str], word_idx: dict[str, int], tokeniser: Tokeniser, max_length: int
) -> list[list[int]]:
    """The numbers of each text's first `max_length` words; see `WordNumbers`."""
    return WordNumbers(word_idx, tokeniser).rows(texts, max_length)


def read_word_index(path: Path) -> dict[str, int]:
    """Read a JSON object of word -> number.

    Raises:
        ValueError: it is something else; the text says what.
    """
    try:
        word_idx = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"its word index {path.name} cannot be read ({error})") from error
    if not isinstance(word_idx, dict) or not word_idx:
        raise ValueError(f'its word index {path.name} is not a JSON object as {{"good": 1}}')
    wrong = [word for word, number in word_idx.items() if type(number) is not int or number < 0]
    if wrong:
        raise ValueError(f"its word index {path.name} has no whole number for '{wrong[0]}'")
    return word_idx
