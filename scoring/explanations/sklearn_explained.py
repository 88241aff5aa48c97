"""Gives the explanations of a scikit-learn model next to its outputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from typing_extensions import override

from scoring.effects.explainer import Explainer
from scoring.effects.top_effects import result_columns
from scoring.steady import AS_THEY_COME, Batches
from scoring.words.counted_texts import CountedTexts
from shared.card import Card
from shared.jobs.added_outputs import Explanation
from shared.model import Scorer

#: Makes the outputs of a frame, from its rows and from what the estimator gives for them, or None.
OutputsOf = Callable[[pd.DataFrame, Any, Any], pd.DataFrame]

#: Adds the columns of `shared.reach` to the outputs of texts.
WithReach = Callable[[pd.DataFrame, CountedTexts], pd.DataFrame]


class ExplainedEstimator(Scorer):
    """A model whose frame has an explanation after its outputs."""

    def __init__(
        self,
        card: Card,
        explainer: Explainer,
        classes: pd.CategoricalDtype,
        read: Callable[[pd.DataFrame], Any],
        outputs_of: OutputsOf,
        terms: int,
        batches: Batches,
        with_reach: WithReach | None = None,
        *,
        takes_texts: bool = False,
    ) -> None:
        """Take the parts of a model.

        Args:
            card: of the model.
            explainer: of its estimator.
            classes: the name of the class of each explained number; none: they are of no class.
            read: makes rows of a frame.
            outputs_of: makes its outputs.
            terms: the most terms of a row.
            batches: those in which the model scores, so that an explained score is the same.
            with_reach: adds what is read of texts; None: nobody has asked for that.
            takes_texts: whether the rows that `read` makes are the texts themselves.
        """
        self._takes_texts = self.reads_spans = takes_texts
        self._batches, self._with_reach = batches, with_reach
        self.card = card
        self._explainer, self._classes, self._terms = explainer, classes, terms
        self._read, self._outputs_of = read, outputs_of

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        if not len(frame):
            empty = {one.name: np.empty(0) for one in Explanation(terms=self._terms).outputs}
            return self._outputs_of(frame, None, None).assign(**empty)
        return self._batches.score(self._explained, frame)

    def score_texts(self, texts: Sequence[str]) -> Mapping[str, Any] | None:
        """See `shared.model.Model.score_texts`."""
        if not self._takes_texts or self._batches is not AS_THEY_COME:
            return None
        found = self._of_rows(pd.DataFrame(index=pd.RangeIndex(len(texts))), texts)
        return {str(name): found[name] for name in found}

    def _explained(self, frame: pd.DataFrame) -> pd.DataFrame:
        return self._of_rows(frame, self._read(frame))

    def _of_rows(self, frame: pd.DataFrame, rows: Any) -> pd.DataFrame:
        explainer = self._explainer
        if self._with_reach:
            rows = CountedTexts(rows)
        raw, top = explainer.explained(rows, self._terms)
        found = self._outputs_of(frame, rows, raw)
        columns = result_columns(top, explainer.names, explainer.base_values, self._classes)
        found = pd.concat([found, pd.DataFrame(columns, frame.index, copy=False)], axis=1)
        return self._with_reach(found, rows) if self._with_reach else found
