"""The runtime for fitted scikit-learn estimators and pipelines: pickles, and files of skops."""

import copy
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types
from typing_extensions import override

from scoring.estimators.boosted import use_one_thread
from scoring.estimators.checks import TRIAL_TEXTS
from scoring.estimators.class_columns import Columns, no_rows, output_columns, output_frame
from scoring.estimators.named_classes import with_class_names
from scoring.estimators.predictions import Predictions, predictions_on_card
from scoring.estimators.rows import TRIAL_ROWS, fitted_values, reads_texts, row_reader
from scoring.estimators.sentiment import Sentiment
from scoring.estimators.unwrapping import unwrapped
from scoring.explanations.finding import explained_of
from scoring.explanations.occlusion import OccludedTexts, explained_outputs
from scoring.explanations.sklearn_explained import ExplainedEstimator
from scoring.independence import (
    check_independence,
    check_rows,
    check_steps,
    texts_of_own_words,
)
from scoring.saved.reading import read_estimator
from scoring.saved.shared_arrays import share_arrays
from scoring.saved.unpickling import version_note
from scoring.steady import AS_THEY_COME, STEADY_ROWS, in_scales, steady_batches
from scoring.tables.faster import faster_table
from scoring.words.counted_texts import CountedTexts
from scoring.words.fast_vectorisers import with_fast_vectorisers
from scoring.words.languages import Languages
from scoring.words.reach_columns import reach_columns, with_reach_columns
from scoring.words.text_reach import TextReach
from scoring.words.word_pipeline import WordPipeline
from shared.card import Card
from shared.errors.model import UnusableModel
from shared.model import SCORE, Model, Scorer
from shared.signature import SENTIMENT
from shared.tables.trial_rows import trial_rows

logger = logging.getLogger(__name__)


class Parts(NamedTuple):
    """What a model consists of, for `scoring.mapped.writing`.

    Attributes:
        estimator: what computes probabilities or predictions, perhaps faster code.
        sentiment: how the score follows; None if the model gives none.
        predictions: the further outputs; None if the score is the only one.
    """

    estimator: Any
    sentiment: Sentiment | None
    predictions: Predictions | None


class SklearnModel(Model):
    """A fitted estimator; `load` reads `model.pkl` or `model.skops`.

    Attributes:
        classes: what each class is worth in a score, by its label; empty without such classes.
    """

    #: Counts the words of each text while it is scored; None: nobody asks for that.
    _reach: TextReach | None = None

    def __init__(self, estimator: Any, card: Card, path: Path) -> None:
        self.card = card
        signature = card.signature
        self._outputs = signature.outputs
        self._wanted = {output.name for output in self._outputs}
        self._batches = AS_THEY_COME
        scorer = unwrapped(estimator)
        with _one_at_a_time():
            try:
                self._read = row_reader(estimator, signature.inputs)
                self._takes_texts = reads_texts(estimator, signature.inputs)
                self._sentiment = self._sentiment_of(scorer)
                check_steps(estimator)
                if self._takes_texts:
                    check_independence(scorer)
                if self._takes_texts:
                    whole = estimator
                    ways = (WordPipeline.from_estimator, with_fast_vectorisers)
                    self._estimator = _faster(scorer, ways)
                else:
                    whole = _faster(estimator, (faster_table,))
                    self._estimator = unwrapped(whole)
                self._predictions: Predictions | None = None
                if self._outputs != SENTIMENT.outputs:
                    self._predictions = predictions_on_card(whole, self._estimator, card)
                names = [one.name for one in signature.inputs]
                self._explained, self.unexplained = explained_of(
                    estimator,
                    scorer,
                    self._estimator,
                    self._sentiment,
                    inputs=None if self._takes_texts else names,
                )
                self._trial_values = (
                    {} if self._takes_texts else fitted_values(estimator, signature.inputs)
                )
                if self._predictions:
                    check_rows(self.score, self._trial_rows())
                if not getattr(self._estimator, "is_row_by_row", False):
                    rows = self._varied_rows(estimator)
                    self._batches = steady_batches(self._outputs_for, rows, card.full_name)
            except ValueError as error:
                raise UnusableModel(path=path, reason=f"{error}{version_note(path)}") from error
        self.classes = self._sentiment.classes if self._sentiment else {}
        self._words = self._text_reach() if self._takes_texts else None
        if self._words:
            self._languages = Languages(self._words.words, card.usual_known_words)
        # A copy for some outputs asks it for the others.
        self._all = self
        if self._explained:
            self.explained_by = self._explained.by
        elif self._takes_texts and explained_outputs(signature.outputs):
            self.explained_by = "occlusion"

    @property
    def parts(self) -> Parts:
        """What the model consists of."""
        return Parts(self._estimator, self._sentiment, self._predictions)

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        # Workers run one process per core: more BLAS or OpenMP threads would only compete for
        # cores.
        threadpool_limits(1)
        path = folder / card.model_file
        estimator = read_estimator(path)
        share_arrays(estimator, card.files[card.model_file])
        use_one_thread(estimator)
        try:
            estimator = with_class_names(estimator, card.options)
        except ValueError as error:
            raise UnusableModel(path=path, reason=str(error)) from error
        return cls(estimator, card, path)

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        if self._reach is None:
            return self._batches.score(self._outputs_for, frame)
        return self._batches.score(self._outputs_with_reach, frame)

    @override
    def reach(self, frame: pd.DataFrame) -> pd.DataFrame | None:
        if self._words is None:
            return None
        texts, nothing = CountedTexts(self._read(frame)), pd.DataFrame(index=frame.index)
        return with_reach_columns(nothing, texts, self._words.counted(texts), self._languages)

    def _outputs_with_reach(self, frame: pd.DataFrame) -> pd.DataFrame:
        texts = CountedTexts(self._read(frame))
        if not texts:
            return self._outputs_for(frame).assign(**self._reach_columns(texts))
        # An estimator may hold a user's own code, which may take nothing but a list.
        counts = isinstance(self._estimator, WordPipeline)
        columns = self._columns_for(texts if counts else texts.texts)
        return output_frame(columns | self._reach_columns(texts), frame)

    def _reach_columns(self, texts: CountedTexts) -> Columns:
        if self._reach is None:
            raise TypeError("nobody has asked what is read of the texts")
        return reach_columns(texts, self._reach.counted(texts), self._languages)

    def _outputs_for(self, frame: pd.DataFrame) -> pd.DataFrame:
        if not len(frame):
            return no_rows(self._outputs, frame)
        return output_frame(self._columns_for(self._read(frame)), frame)

    def _columns_for(self, rows: Any, raw: Any = None) -> Columns:
        """The outputs of n rows, n >= 1; `raw` is None if it was not computed yet."""
        if self._predictions is None:
            return {SCORE: np.clip(self.numbers(rows, raw), 0.0, 1.0)}
        with _one_at_a_time():
            raw = self._predictions.raw(rows) if raw is None else raw
            columns = self._predictions.columns(raw, rows, self._wanted)
        return output_columns(columns, raw, self._sentiment, self._outputs)

    @override
    def for_outputs(self, names: Iterable[str]) -> Model:
        wanted = set(names)
        if wanted == self._wanted:
            return self
        narrow = copy.copy(self)
        narrow._wanted = wanted
        narrow._outputs = tuple(output for output in self._outputs if output.name in wanted)
        if wanted == {SCORE}:
            narrow._predictions = None
        return narrow

    @override
    def with_reach(self) -> Model | None:
        reach = self._words if self._takes_texts else None
        if reach is None:
            return None
        counting = copy.copy(self)
        counting._reach = reach
        return counting

    @override
    def explained(self, terms: int) -> Scorer:
        if self.explained_by == "occlusion":
            return OccludedTexts(self, self._all, terms)
        if self._explained is None:
            return super().explained(terms)
        _, explainer, classes = self._explained
        return ExplainedEstimator(
            self.card,
            explainer,
            classes,
            self._read,
            self._columns_for,
            terms,
            self._batches,
            self._reach_columns if self._reach else None,
            takes_texts=self._takes_texts,
        )

    def numbers(self, rows: Any, raw: Any = None) -> npt.NDArray[np.float64]:
        """The unclipped scores of n rows, n >= 1; a regressor may leave 0..1 by a little.

        A row that belongs to none of the classes has the score NaN.

        Args:
            rows: a list of texts, or what the estimator takes.
            raw: what it gives for them; None: it was not computed yet.

        Raises:
            TypeError: the signature has no score.
        """
        if self._sentiment is None:
            raise TypeError("the model gives no score")
        if raw is not None:
            return self._sentiment.score(raw)
        method = "predict" if self._sentiment.class_values is None else "predict_proba"
        with _one_at_a_time():
            raw = np.asarray(getattr(self._estimator, method)(rows), dtype=np.float64)
        return self._sentiment.score(raw)

    @override
    def warm_up(self) -> None:
        try:
            self.score(self._trial_rows())
        # Rows that are made from a signature may be none that the estimator takes: it may know a
        # few words only.
        except Exception:
            if self._takes_texts:
                raise
            logger.exception("%s cannot score the rows made for it", self.card.full_name)

    @override
    def trial_values(self) -> Mapping[str, Sequence[Any]]:
        return self._trial_values

    def _text_reach(self) -> TextReach | None:
        # The faster one may hold a counter that is made already; a `WordPipeline` is no estimator.
        faster = self._estimator
        return faster.reach if isinstance(faster, WordPipeline) else TextReach.of(faster)

    def _trial_rows(self, count: int = TRIAL_ROWS) -> pd.DataFrame:
        if self._takes_texts:
            (name,) = (one.name for one in self.card.signature.inputs)
            return pd.DataFrame({name: pd.Series(TRIAL_TEXTS, dtype=object)})
        return trial_rows(self, count)

    def _varied_rows(self, estimator: Any) -> pd.DataFrame:
        """Rows whose outputs differ: probabilities of 0 and 1 would hide a difference."""
        if self._takes_texts:
            (name,) = (one.name for one in self.card.signature.inputs)
            texts = [*TRIAL_TEXTS, *texts_of_own_words(estimator, STEADY_ROWS)][:STEADY_ROWS]
            return pd.DataFrame({name: pd.Series(texts, dtype=object)})
        return in_scales(self._trial_rows(STEADY_ROWS))

    def _sentiment_of(self, estimator: Any) -> Sentiment | None:
        if SCORE not in self._wanted:
            return None
        of = Sentiment.of_texts if self._takes_texts else Sentiment.of_table
        return of(estimator, self.card.options)


def _one_at_a_time() -> Any:
    """Keeps estimators with `n_jobs` from starting threads or processes.

    Each worker process has one core, and starting threads takes longer than scoring a few rows.
    """
    return joblib.parallel_config(backend="sequential")


def _faster(estimator: Any, ways: Sequence[Callable[[Any], Any]]) -> Any:
    """A faster estimator with the same results, or the estimator itself.

    Args:
        estimator: fitted.
        ways: functions that give a faster estimator, or None.
    """
    try:
        for faster in ways:
            if (found := faster(estimator)) is not None:
                return found
    # scikit-learn can score with attributes missing or changed that the faster code reads.
    except Exception as error:  # noqa: BLE001
        logger.warning("scikit-learn runs the pipeline, because faster code raises %r", error)
    return estimator
