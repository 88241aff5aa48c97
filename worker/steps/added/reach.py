"""Gives rows what their model has read of them: for the counts of a job, and as outputs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from shared.jobs.added_outputs import KNOWN_WORDS, OTHER_LANGUAGE, TEXT_CUT
from shared.model import Model, Scorer
from shared.reach import CUT, KNOWN, REACH, WORDS
from shared.reach import OTHER_LANGUAGE as IS_OTHER_LANGUAGE

if TYPE_CHECKING:
    import pandas as pd


class ReachModel(Scorer):
    """A model whose outputs are those of another one, with what was read of each row after them."""

    def __init__(self, model: Scorer, base: Model, *, as_outputs: bool = False) -> None:
        """Take two models of the same card.

        Args:
            model: gives the outputs; and the columns of `shared.reach`, unless it explains scores.
            base: tells what is read of a text, if the other one does not.
            as_outputs: whether the job has asked for the outputs of `Reach`.
        """
        self.card = model.card
        self._model, self._base, self._as_outputs = model, base, as_outputs
        self.reads_spans = not as_outputs and getattr(model, "reads_spans", False)

    def score_texts(self, texts: Sequence[str]) -> Mapping[str, Any] | None:
        """See `shared.model.Model.score_texts`; only for what the other model has read itself."""
        score = getattr(self._model, "score_texts", None)
        if score is None or self._as_outputs:
            return None
        found: Mapping[str, Any] | None = score(texts)
        return found if found is not None and WORDS in found else None

    @override
    def score(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        found = self._model.score(frame)
        if WORDS not in found:
            read = self._base.reach(frame)
            if read is None:
                raise ValueError(f"{self.card.full_name} cannot tell what it reads of a text")
            found = found.assign(**{one.name: read[one.name].to_numpy() for one in REACH})
        if not self._as_outputs:
            return found
        with np.errstate(invalid="ignore"):
            # NaN for a text without words.
            known = found[KNOWN].to_numpy() / found[WORDS].to_numpy()
        outputs = {
            KNOWN_WORDS: known,
            TEXT_CUT: found[CUT].to_numpy(),
            OTHER_LANGUAGE: found[IS_OTHER_LANGUAGE].to_numpy(),
        }
        return found.assign(**outputs)
