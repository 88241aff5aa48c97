"""Gives the explanations of a scikit-learn model next to its outputs."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import pandas as pd
from typing_extensions import override

from scoring.effects.explainer import Explainer
from scoring.effects.top_effects import result_columns
from scoring.estimators.class_columns import Columns, no_rows, output_frame
from scoring.explanations.linear_words import LinearWords
from scoring.steady import AS_THEY_COME, Batches
from scoring.words.compiled_decisions import TextDecisions
from scoring.words.counted_texts import CountedTexts
from shared.card import Card
from shared.jobs.added_outputs import Explanation
from shared.model import Scorer

#: Makes the outputs of rows, from the rows and from what the estimator gives for them, or None.
ColumnsOf = Callable[[Any, Any], Columns]

#: Makes the columns of `shared.reach` of texts.
ReachOf = Callable[[CountedTexts], Columns]


class ExplainedEstimator(Scorer):
    """A model whose frame has an explanation after its outputs."""

    def __init__(
        self,
        card: Card,
        explainer: Explainer,
        classes: pd.CategoricalDtype,
        read: Callable[[pd.DataFrame], Any],
        columns_of: ColumnsOf,
        terms: int,
        batches: Batches,
        reach_of: ReachOf | None = None,
        *,
        takes_texts: bool = False,
    ) -> None:
        """Take the parts of a model.

        Args:
            card: of the model.
            explainer: of its estimator.
            classes: the name of the class of each explained number; none: they are of no class.
            read: makes rows of a frame.
            columns_of: makes the outputs of rows.
            terms: the most terms of a row.
            batches: those in which the model scores, so that an explained score is the same.
            reach_of: tells what is read of texts; None: nobody has asked for that.
            takes_texts: whether the rows that `read` makes are the texts themselves.
        """
        self._takes_texts = self.reads_spans = takes_texts
        self._batches, self._reach_of = batches, reach_of
        self.card = card
        self._explainer, self._classes, self._terms = explainer, classes, terms
        self._read, self._columns_of = read, columns_of

    def deciding_by(self, decide: TextDecisions) -> Self:
        """As `WordPipeline.deciding_by`, if the explainer has one."""
        if not isinstance(self._explainer, LinearWords):
            return self
        other = copy.copy(self)
        other._explainer = self._explainer.deciding_by(decide)
        return other

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        if not len(frame):
            outputs = self.card.signature.outputs
            return no_rows([*outputs, *Explanation(terms=self._terms).outputs], frame)
        return self._batches.score(self._explained, frame)

    def score_texts(self, texts: Sequence[str]) -> Mapping[str, Any] | None:
        """See `shared.model.Model.score_texts`."""
        if not self._takes_texts or self._batches is not AS_THEY_COME:
            return None
        return self._of_rows(texts)

    def _explained(self, frame: pd.DataFrame) -> pd.DataFrame:
        return output_frame(self._of_rows(self._read(frame)), frame)

    def _of_rows(self, rows: Any) -> Columns:
        explainer = self._explainer
        if self._reach_of:
            rows = CountedTexts(rows)
        raw, top = explainer.explained(rows, self._terms)
        # An estimator may hold a user's own code, which may take nothing but a list.
        own = list(rows) if raw is None and isinstance(rows, Sequence) else rows
        found = self._columns_of(own, raw)
        found |= result_columns(top, explainer.names, explainer.base_values, self._classes)
        return found | self._reach_of(rows) if self._reach_of else found
