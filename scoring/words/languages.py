"""Whether a text looks like another language than that of a model's vocabulary."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.words.counted_texts import CountedTexts
from scoring.words.scripts import LATIN, OTHER, letters_among, letters_by_script
from shared.tables.spans import Texts

#: About the most words of a vocabulary that are looked at.
MOST_WORDS = 20_000

#: A script with less than this share of the letters of a vocabulary is not one of the model's: the
#: vocabulary of an English model has some words of other languages.
SCRIPT_SHARE = 0.01

#: A text of fewer words is not judged by the share of those that are known: one rare name is enough
#: to make it small.
LEAST_WORDS = 5

#: The share of known words is far below that of the reference if it is less than this part of the
#: share that 95 % of the reference rows exceed. With the bundled model `fast` that is 0.44: of
#: 14,640 tweets to airlines 52 are below, of 3,775 product reviews one, of 20,000 film reviews
#: none.
#: Sentences in German, French, Italian, Dutch, Portuguese and Danish are below. Those in Spanish,
#: many of whose words are in English tweets too, are not.
FAR_BELOW = 0.6

#: A text with more than this share of its characters in letters of other scripts looks so.
FOREIGN_SHARE = 1 / 3


class Languages:
    """Finds the texts that look like another language than the model's.

    A text does if more than a third of its characters are letters of scripts that the model's
    vocabulary does not use, and the model knows at most half of its words; or if it has at least
    `LEAST_WORDS` words, and the share of those that the model knows is far below what the model's
    reference rows have (`FAR_BELOW`). The second is not tried for a model whose card has no
    reference. So this is no detection of a language: lists of names or codes can look so, and a
    language that shares many words with the model's does not.
    """

    def __init__(self, vocabulary: Iterable[str], usual_share: float | None) -> None:
        """Look at a vocabulary.

        Args:
            vocabulary: words that the model knows, all or many.
            usual_share: the share of known words that 95 % of the reference rows exceed; None:
                there is no reference.
        """
        letters = letters_by_script("".join(vocabulary))
        #: Whether letters of a script are foreign; those of none of the known scripts never are.
        self._foreign = letters < SCRIPT_SHARE * max(letters.sum(), 1)
        self._foreign[OTHER] = False
        self._knows_latin = not self._foreign[LATIN]
        self._bound = 0.0 if usual_share is None else FAR_BELOW * usual_share

    def other(
        self, texts: Sequence[str], words: npt.NDArray[Any], known: npt.NDArray[Any]
    ) -> npt.NDArray[np.bool_]:
        """Whether each of n texts looks like another language.

        Args:
            texts: n texts.
            words: the number of words of each.
            known: the number of those that the model knows.
        """
        found: npt.NDArray[np.bool_] = (words >= LEAST_WORDS) & (known < self._bound * words)
        # Few texts are left here, so that most cost nothing. All letters of ASCII are Latin.
        wide = np.flatnonzero(2 * known <= words).tolist()
        if self._knows_latin:
            texts = texts.texts if isinstance(texts, CountedTexts) else texts
            # Of these only the ones beyond ASCII are made strings.
            is_ascii = (
                texts.is_ascii if isinstance(texts, Texts) else lambda at: texts[at].isascii()
            )
            wide = [at for at in wide if not is_ascii(at)]
        else:
            wide = [at for at in wide if texts[at]]
        if wide:
            chosen = [texts[at] for at in wide]
            most = FOREIGN_SHARE * np.fromiter(map(len, chosen), dtype=float, count=len(chosen))
            found[wide] |= letters_among(chosen, self._foreign) > most
        return found
