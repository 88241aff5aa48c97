"""Turns texts into the bytes in which words are found."""

import re
from array import array
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from scoring.words.word_terms import PROTECTED, Positions
from shared.tables.spans import Spans, Texts

_CAPITAL = re.compile("[A-Z]")


class TextBytes:
    """Joins texts to one byte string, as a vectoriser's preprocessor and token pattern see them."""

    def __init__(
        self, *, lower: bool, signs: str, preprocess: Callable[[str], str], nul: str = " "
    ) -> None:
        """Keep how texts are prepared.

        Args:
            lower: the vectoriser lower-cases texts.
            signs: the characters that are each a token by itself.
            preprocess: what the vectoriser does with a text beyond ASCII, before it is cut.
            nul: what stands for NUL, which separates texts, as Latin-1.
        """
        self._lower, self._nul = lower, nul
        self._preprocess = preprocess
        # These treat a character by itself, or by its word, so many texts can be prepared as one.
        self._prepares_many = preprocess in (str, str.lower)
        # `_prepared` puts a sign beyond ASCII between spaces, and it is then handled like a word.
        self._apart = _any_of([ord(sign) for sign in signs if not sign.isascii()])

    def joined(
        self, texts: Sequence[str], starts_of: Callable[[bytes, int], Positions | None]
    ) -> tuple[bytes, Positions]:
        """The bytes of all texts, separated by zero bytes, and the starts of the texts.

        Args:
            texts: n texts, n >= 1.
            starts_of: finds the starts of n texts in their bytes; None if there are more.

        Raises:
            ValueError: `starts_of` finds another number of texts.
        """
        if isinstance(texts, Texts):
            gathered = self._gathered(texts)
            if gathered and (found := starts_of(gathered, len(texts))) is not None:
                return gathered, found
        plain = list(texts)
        beyond = [at for at, text in enumerate(plain) if not text.isascii()]
        for at, narrow in zip(beyond, self._narrow([plain[at] for at in beyond]), strict=True):
            plain[at] = narrow.decode("latin-1")
        joined = "\0".join(plain).encode("latin-1")
        starts = starts_of(joined, len(texts))
        if starts is None:
            plain = [text.replace("\0", self._nul) for text in plain]
            joined = "\0".join(plain).encode("latin-1")
            starts = starts_of(joined, len(texts))
        if starts is None:
            raise ValueError("the texts were not joined as they should be")
        return joined, starts

    def _gathered(self, texts: Texts) -> bytes | None:
        """The bytes of all texts; only those beyond ASCII are made strings, all in one step.

        None: one of them has a NUL once it is prepared.
        """
        begins, ends = (np.frombuffer(each, np.int64) for each in (texts.begins, texts.ends))
        beyond = np.flatnonzero(ends - begins != np.frombuffer(texts.characters, np.int32))
        if not beyond.size:
            return texts.gathered()
        wide = _with_places(texts, begins[beyond], ends[beyond]).gathered().decode()
        if self._prepares_many:
            # A NUL ends a word.
            narrow = self._prepared(wide)
        else:
            narrow = b"\0".join(map(self._prepared, wide.split("\0")))
        nuls = np.flatnonzero(np.frombuffer(narrow, np.uint8) == 0)
        if len(nuls) != len(beyond) - 1:
            return None
        after = len(texts.content) + len(texts.extra)
        begins, ends = begins.copy(), ends.copy()
        begins[beyond] = after + np.concatenate(([0], nuls + 1))
        ends[beyond] = after + np.concatenate((nuls, [len(narrow)]))
        return _with_places(texts, begins, ends, narrow).gathered()

    def protect_capitals(self, text: str) -> str:
        """Protect the capitals of a lower-cased text from being lower-cased again.

        scikit-learn strips accents after lower-casing, which turns some symbols into capitals:
        U+1F110 becomes `(A)`.
        """
        return text.translate(PROTECTED) if self._lower and _CAPITAL.search(text) else text

    def _narrow(self, texts: Sequence[str]) -> list[bytes]:
        """The bytes of texts beyond ASCII; where they become one string, as Latin-1.

        A single wide text would widen the whole string.
        """
        if self._prepares_many and len(texts) > 1:
            # A NUL ends a word.
            found = self._prepared("\0".join(texts)).split(b"\0")
            if len(found) == len(texts):
                return found
        return [self._prepared(text) for text in texts]

    def _prepared(self, text: str) -> bytes:
        preprocessed = self.protect_capitals(self._preprocess(text))
        if self._apart:
            # The signs are among the parts.
            preprocessed = " ".join(self._apart.split(preprocessed))
        return preprocessed.encode("utf-8", "surrogatepass")


def _with_places(
    texts: Texts, begins: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], extra: bytes = b""
) -> Texts:
    """Texts at other places of the same bytes, which `extra` follows; of unknown lengths."""
    first, past = (array("q", each.tobytes()) for each in (begins, ends))
    return type(texts)(Spans(texts.content, first, past, texts.extra + extra), array("i"))


def _any_of(points: list[int]) -> re.Pattern[str] | None:
    """A pattern for any one of these characters, as a group; None if there are none."""
    if not points:
        return None
    # Ranges, because a set of a thousand single characters would match a hundred times as slowly.
    borders = [at for at in range(1, len(points)) if points[at] != points[at - 1] + 1]
    runs = zip([0, *borders], [*borders, len(points)], strict=True)
    ranges = (f"\\U{points[first]:08x}-\\U{points[past - 1]:08x}" for first, past in runs)
    return re.compile(f"([{''.join(ranges)}])")
