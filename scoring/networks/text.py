"""Cuts texts into words and looks up their numbers, for Keras models."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

#: The entry of a word index whose number stands for every word that is not in the index.
UNKNOWN = "<unk>"

#: The value of the option `unknown` of a card whose unknown words are left out.
DROP = "drop"


class CutsWords(Protocol):
    """What `WordNumbers` needs of a tokeniser.

    Attributes:
        splits_at: a separator at which a text may be split, and each piece cut by itself: None for
            any white space; empty if pieces depend on each other.
    """

    @property
    def splits_at(self) -> str | None: ...  # noqa: D102  described above

    def words(self, text: str) -> list[str]:
        """The words of a text, in their order."""


@dataclass(frozen=True)
class Tokeniser:
    """How a text is cut into words. A model's card holds it, so serving cuts as training did.

    Attributes:
        pattern: a regular expression for one word of the lower-cased text. Look-around and
            back-references are not allowed, so that vectorised engines can run it too.
        replace: (old, new) pairs of plain strings; they are replaced in this order before cutting.
    """

    pattern: str
    replace: tuple[tuple[str, str], ...] = ()

    @cached_property
    def _find_words(self) -> Any:
        return re.compile(self.pattern).findall

    @property
    def splits_at(self) -> str | None:
        """A separator at which a text may be split before it is cut: see `CutsWords`."""
        plain = all(old.split() == [old] for old, _ in self.replace)
        return None if plain and self.pattern in _WITHIN_SPACES else ""

    def words(self, text: str) -> list[str]:
        """The words of a text, lower-cased, in their order."""
        text = text.lower()
        for old, new in self.replace:
            text = text.replace(old, new)
        found: list[str] = self._find_words(text)
        return found

    def options(self) -> dict[str, Any]:
        """The options for a card, as `from_options` reads them."""
        return {"token_pattern": self.pattern, "replace": [list(pair) for pair in self.replace]}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Self:
        """Make the tokeniser from a card's options.

        Raises:
            ValueError: the options are not in the form that `options()` writes; the message says
                why.
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


#: Cuts "don't" into "do" and "n't", and "it's" into "it" and "'s", as the Penn Treebank does
#: (Marcus, Santorini and Marcinkiewicz, 1993). Natural text and tokenised text ("do n't", "it 's")
#: therefore give the same words.
TREEBANK = Tokeniser(
    r"n't|'(?:s|re|ve|ll|d|m)\b|\w+|[!?]",
    (("\N{RIGHT SINGLE QUOTATION MARK}", "'"), ("cannot", "can not"), ("n't", " n't")),
)

#: Keeps "don't" as one word.
WHOLE_WORDS = Tokeniser(r"\w+(?:'\w+)*", (("\N{RIGHT SINGLE QUOTATION MARK}", "'"),))

#: Cuts "don't" into "don" and "t".
BARE_WORDS = Tokeniser(r"\w+")

#: The patterns whose matches contain no space and do not depend on text beyond a space.
_WITHIN_SPACES = frozenset(tokeniser.pattern for tokeniser in (TREEBANK, WHOLE_WORDS, BARE_WORDS))

#: The maximum number of cached pieces of texts, and of characters per piece: at most 20 MB.
_MAX_PIECES, _MAX_PIECE_CHARS = 100_000, 30


def tokeniser_for(word_idx: dict[str, int]) -> Tokeniser:
    """Guess the tokeniser of a word index from how the index holds "don't"."""
    if "n't" in word_idx:
        return TREEBANK
    return WHOLE_WORDS if "don't" in word_idx else BARE_WORDS


class Read(NamedTuple):
    """What a model reads of a text.

    If unknown words are left out, `words` and `known` are those of the whole text.
    """

    numbers: list[int]  #: The numbers of its words.
    words: int  #: The words that were read.
    known: int  #: Those of them that are in the word index.
    cut: bool  #: Whether the text has more words.


class WordNumbers:
    """Converts texts to the numbers of their words.

    A text is first split at its spaces. Most of the pieces have occurred before, and their numbers
    are cached. This takes half the time of running the regular expression over every text.

    Attributes:
        highest: the highest number in the word index.
    """

    def __init__(
        self,
        word_idx: dict[str, int],
        tokeniser: CutsWords,
        *,
        unknown: Any = None,
        truncating: Any = "post",
    ) -> None:
        """Prepare a word index and its tokeniser.

        Args:
            word_idx: word -> number.
            tokeniser: cuts a text into words.
            unknown: the number of a word that is not in the index; `drop` leaves it out; None: the
                number of `<unk>`, or 0 without one.
            truncating: which end of a long text is cut off: `post` (its end) or `pre` (its
                beginning).

        Raises:
            ValueError: `unknown` or `truncating` is wrong.
        """
        if truncating not in ("post", "pre"):
            raise ValueError("its card's truncating is neither post nor pre")
        if unknown is None:
            unknown = word_idx.get(UNKNOWN, 0)
        elif unknown != DROP and (type(unknown) is not int or unknown < 0):
            raise ValueError("its card's unknown is neither a whole number nor drop")
        number = None if unknown == DROP else unknown
        self.highest = max(number or 0, max(word_idx.values(), default=0))
        self._numbers_of = _PieceCache(word_idx, tokeniser, number)
        self._index = word_idx
        self._unknown = number
        self._words = tokeniser.words
        self._splits_at = tokeniser.splits_at
        self._from_the_end = truncating == "pre"

    def some_words(self, most: int) -> list[str]:
        """Words of the index; at most about `most` of them."""
        return sorted(self._index)[:: len(self._index) // most + 1]

    def read(self, text: str, max_length: int) -> Read:
        """What a model that takes `max_length` words reads of a text."""
        numbers = self._all(text)
        row = numbers[-max_length:] if self._from_the_end else numbers[:max_length]
        if self._unknown is None:
            return Read(row, len(self._words(text)), len(numbers), len(numbers) > max_length)
        known = len(row) - row.count(self._unknown)
        return Read(row, len(row), known, len(numbers) > max_length)

    def rows(self, texts: Iterable[str], max_length: int) -> list[list[int]]:
        """The numbers of at most `max_length` words of each text; n lists for n texts."""
        if self._from_the_end:
            return [self._all(text)[-max_length:] for text in texts]
        if self._splits_at == "":
            return [list(self._numbers_of[text][:max_length]) for text in texts]
        return [self._first(text, max_length) for text in texts]

    def _all(self, text: str) -> list[int]:
        if self._splits_at == "":
            return list(self._numbers_of[text])
        row: list[int] = []
        for piece in text.split(self._splits_at):
            row += self._numbers_of[piece]
        return row

    def _first(self, text: str, max_length: int) -> list[int]:
        # Almost every piece holds a word, so the rest of a long text is rarely needed.
        pieces = text.split(self._splits_at, max_length)
        rest = pieces.pop() if len(pieces) > max_length else ""
        row: list[int] = []
        for piece in pieces:
            row += self._numbers_of[piece]
        if len(row) < max_length:
            row += self._all(rest)
        return row[:max_length]


class _PieceCache(dict[str, tuple[int, ...]]):
    """A cache: piece of a text -> the numbers of its words. Long pieces are not kept."""

    def __init__(self, word_idx: dict[str, int], tokeniser: CutsWords, unknown: int | None) -> None:
        super().__init__()
        self._words, self._number, self._unknown = tokeniser.words, word_idx.get, unknown

    def __missing__(self, piece: str) -> tuple[int, ...]:
        found = (self._number(word, self._unknown) for word in self._words(piece))
        numbers = tuple(number for number in found if number is not None)
        if len(piece) <= _MAX_PIECE_CHARS:
            if len(self) >= _MAX_PIECES:
                self.clear()
            self[piece] = numbers
        return numbers


def word_ids(
    texts: Iterable[str], word_idx: dict[str, int], tokeniser: Tokeniser, max_length: int
) -> list[list[int]]:
    """The numbers of the first `max_length` words of each text; see `WordNumbers`."""
    return WordNumbers(word_idx, tokeniser).rows(texts, max_length)


def read_word_index(path: Path) -> dict[str, int]:
    """Read a JSON object of word -> number.

    Raises:
        ValueError: the file is not such an object; the message says why.
    """
    try:
        word_idx = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"its word index {path.name} cannot be read ({error})") from error
    return checked_word_index(word_idx, path.name)


def checked_word_index(word_idx: Any, name: str) -> dict[str, int]:
    """Check that what was read from a file of this name is a word index, and return it.

    Raises:
        ValueError: it is not; the message says why.
    """
    if not isinstance(word_idx, dict) or not word_idx:
        raise ValueError(f'its word index {name} is not a JSON object as {{"good": 1}}')
    wrong = [
        word
        for word, number in word_idx.items()
        if type(word) is not str or type(number) is not int or number < 0
    ]
    if wrong:
        raise ValueError(f"its word index {name} has no whole number for '{wrong[0]}'")
    return word_idx
