"""Scores texts by a word pipeline from mapped arrays, without scikit-learn.

The arrays are those of `scoring.words.compiled_words.CompiledWords` and of its linear model, so the
compiled code that runs is the same, and so are the scores. `scoring.mapped.writing` writes them.
"""

import copy
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from typing_extensions import override

from scoring.estimators.class_columns import ClassColumns, no_rows, output_columns, output_frame
from scoring.estimators.output_columns import typed_values
from scoring.estimators.score_rule import ScoreRule
from scoring.mapped.array_file import read_arrays
from scoring.mapped.own_file import OwnFile
from scoring.words.compiled_decisions import CompiledDecisions, TextDecisions
from scoring.words.compiled_words import LIBRARY, CompiledWords
from scoring.words.counted_texts import CountedTexts, decided
from scoring.words.gram_bytes import GramBytes, Grams
from scoring.words.languages import MOST_WORDS, Languages
from scoring.words.linear_model import LinearModel, once, sublinear
from scoring.words.links import link_of
from scoring.words.reach_columns import reach_columns, with_reach_columns
from scoring.words.stored_tables import STORES, words_of
from scoring.words.text_bytes import TextBytes
from scoring.words.word_terms import Reach
from shared.card import Card
from shared.errors.model import UnusableModel
from shared.mapped_file import MAPPED_FILE
from shared.model import SCORE, Model, Scorer
from shared.private_copies import open_copy

#: The format of the file. Raise it when the layout of the arrays changes, or a hash of `terms.h`:
#: then older files are not read any more, and the models are loaded from their own files.
FORMAT = 1

#: The format of a file of terms of characters, which an older release would take for words.
FORMAT_OF_GRAMS = 2

#: How far the probabilities of the trial texts may be from those of scikit-learn where the file was
#: made: as far as those of the compiled path from scikit-learn's.
_TOLERANCE = 1e-12

Floats = npt.NDArray[np.float64]


class Trial(NamedTuple):
    """Texts, and their probabilities by scikit-learn."""

    texts: Sequence[str]
    probabilities: Floats


class MappedWordsModel(Model):
    """A word vectoriser and a linear classifier.

    What the arrays do not hold is asked of the estimator itself, which is then unpickled: a label
    between two classes that are equally probable.

    Attributes:
        classes: what each class is worth in a score, by its label; empty without a score.
    """

    reads_spans = True

    def __init__(self, folder: Path, card: Card, about: dict[str, Any], arrays: Any) -> None:
        """Use the arrays of a file; see `load`."""
        self.card = card
        #: Whether `score` also tells what it has read of each text.
        self._counts = False
        self.classes: dict[str, float] = about["worth"]
        self._outputs = card.signature.outputs
        self._wanted = {output.name for output in self._outputs}
        self._input = card.signature.inputs[0].name
        self._own = OwnFile(folder, card)
        self._link = link_of(about["link"])
        self.explained_by = "linear" if self._link.is_linear else "occlusion"
        self._grams = Grams(*about["texts"]["grams"]) if "grams" in about["texts"] else None
        self._texts = _texts_of(about["texts"], self._grams)
        self._words = words_of(about["words"], arrays, self._grams)
        self._decide = _decisions(self._words, about["weights"], arrays)
        self._rule = _rule_of(about["score"])
        self._columns = self._columns_of(about["classes"])
        probabilities = arrays["trial_probabilities"]
        self._trial = Trial(json.loads(arrays["trial_texts"].tobytes()), probabilities)

    @classmethod
    def runs_here(cls) -> bool:
        """Whether this machine has the compiled library, and the order of bytes of the files."""
        return LIBRARY is not None and STORES and sys.byteorder == "little"

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        """Map the file, and check what it scores here.

        Raises:
            shared.errors.model.DigestMismatch: a file is not the one that the card names.
            shared.errors.model.UnusableModel: this release cannot read it, or it gives other scores
                here than it gave when it was made.
            OSError: it cannot be read.
        """
        path = folder / MAPPED_FILE
        if card.mapped is None:
            raise UnusableModel(path=path, reason="its card does not name it")
        try:
            with open_copy(path, card.mapped.sha256) as file:
                about, arrays = read_arrays(file)
            formats = (FORMAT, FORMAT_OF_GRAMS)
            if about["format"] not in formats or about["byteorder"] != sys.byteorder:
                raise ValueError("another release or machine has written it")  # noqa: TRY301
            if about["version"] != card.version:
                raise ValueError("it belongs to another version of the model")  # noqa: TRY301
            model = cls(folder, card, about, arrays)
            model.check()
        except (KeyError, TypeError, ValueError) as error:
            reason = f"{error}" if isinstance(error, ValueError) else f"it lacks {error}"
            raise UnusableModel(path=path, reason=reason) from error
        return model

    def check(self) -> None:
        """Check that the trial texts get the probabilities that scikit-learn gave them.

        Raises:
            ValueError: they do not.
        """
        found = self.probabilities(self._trial.texts)
        expected = self._trial.probabilities
        if found.shape != expected.shape or not np.allclose(
            found, expected, rtol=0, atol=_TOLERANCE, equal_nan=True
        ):
            raise ValueError("it gives other scores here than where it was made")

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """The probabilities of the K classes for n texts, n >= 1; an array of n x K."""
        return self._link.probabilities(decided(self._decided, texts))

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        if not len(frame):
            nothing = no_rows(self._outputs, frame)
            return pd.concat([nothing, self.reach(frame)], axis=1) if self._counts else nothing
        return output_frame(self.score_texts(frame[self._input].tolist()), frame)

    @override
    def score_texts(self, texts: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
        if self._counts:
            texts = CountedTexts(texts)
        raw = self.probabilities(texts)
        columns = self._columns.of(raw, texts, self._wanted_of_classes) if self._columns else {}
        found = output_columns(columns, raw, self._rule, self._outputs)
        if isinstance(texts, CountedTexts) and texts.reach is not None:
            found |= reach_columns(texts, texts.reach, self._languages)
        return found

    @override
    def with_reach(self) -> Model | None:
        if self._grams:
            return None
        # Once, not for each copy: it looks at thousands of words.
        _ = self._languages
        counting = copy.copy(self)
        counting._counts = True
        return counting

    @override
    def reach(self, frame: pd.DataFrame) -> pd.DataFrame | None:
        if self._grams:
            return None
        texts: list[str] = frame[self._input].tolist()
        counts = np.empty((0, 2), dtype=np.int32)
        if texts:
            counts = self._words.reach(*self._texts.joined(texts, self._words.text_starts))
        nothing = pd.DataFrame(index=frame.index)
        return with_reach_columns(nothing, texts, counts, self._languages)

    @cached_property
    def _languages(self) -> Languages:
        return Languages(self._words.some_words(MOST_WORDS), self.card.usual_known_words)

    @override
    def for_outputs(self, names: Iterable[str]) -> Model:
        wanted = set(names)
        if wanted == self._wanted:
            return self
        narrow = copy.copy(self)
        narrow._wanted = wanted
        narrow._outputs = tuple(output for output in self._outputs if output.name in wanted)
        if wanted == {SCORE}:
            narrow._columns = None
        return narrow

    @override
    def warm_up(self) -> None:
        self.probabilities(self._trial.texts)

    @override
    def explained(self, terms: int) -> Scorer:
        # The arrays have no names of terms. The own file gives the same scores to the last bit.
        whole = self.whole().for_outputs(self._wanted)
        counting = whole.with_reach() if self._counts else None
        scorer = (counting or whole).explained(terms)
        if not hasattr(scorer, "deciding_by"):
            return scorer
        join = partial(self._texts.joined, starts_of=self._words.text_starts)
        explained: Scorer = scorer.deciding_by(TextDecisions(join, self._decide))
        return explained

    def whole(self) -> Model:
        """The model as it is loaded from its own file, by scikit-learn.

        Raises:
            shared.errors.model.UnusableModel: it cannot be loaded here.
        """
        return self._own.model()

    def _decided(self, texts: Sequence[str], reach: Reach | None) -> Floats:
        return self._decide(*self._texts.joined(texts, self._words.text_starts), reach)

    @property
    def _wanted_of_classes(self) -> set[str]:
        # With cuts, the label is that of the score.
        return self._wanted - {"label"} if self._rule and self._rule.cuts else self._wanted

    def _columns_of(self, about: dict[str, Any] | None) -> ClassColumns | None:
        if about is None:
            return None
        return ClassColumns(
            typed_values(about["labels"], about["label_type"]),
            about["label_type"],
            about["names"],
            by_probability=about["by_probability"],
            predict=self._predicted,
        )

    def _predicted(self, texts: Sequence[str]) -> Any:
        """The labels of texts, by the estimator itself."""
        frame = pd.DataFrame({self._input: pd.Series(texts, dtype=object)})
        return self.whole().score(frame)["label"].to_numpy()


def _decisions(words: CompiledWords, about: dict[str, Any], arrays: Any) -> CompiledDecisions:
    by_count: Callable[[Any], Any] = sublinear if about["sublinear"] else _itself
    linear = LinearModel(
        by_count=once(by_count) if about["binary"] else by_count,
        by_column=arrays["by_column"][:-1],
        norm=about["norm"],
        coefficients=arrays["coefficients"][:-1].T,
        dtype=np.float32 if about["single"] else np.float64,
    )
    return CompiledDecisions(words, linear, arrays["by_column"], arrays["coefficients"])


def _texts_of(about: dict[str, Any], grams: Grams | None) -> TextBytes:
    preprocess = str.lower if about["lower"] else str
    if grams:
        return GramBytes(lower=about["lower"], preprocess=preprocess, inside=grams.inside)
    return TextBytes(lower=about["lower"], signs=about["signs"], preprocess=preprocess)


def _itself(counts: Any) -> Any:
    return counts


def _rule_of(about: dict[str, Any] | None) -> ScoreRule | None:
    if about is None:
        return None
    low, high = about["target_range"]
    return ScoreRule(
        np.asarray(about["class_values"], dtype=np.float64),
        target_range=(low, high),
        has_one_class=about["has_one_class"],
        cuts=tuple(about["cuts"]) if about["cuts"] else None,
    )
