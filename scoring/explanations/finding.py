"""Finds what can explain the scores of a fitted scikit-learn estimator."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from scoring.effects.explainer import Explainer
from scoring.effects.top_effects import categories_of
from scoring.estimators.sentiment import Sentiment
from scoring.explanations.linear_words import linear_words
from scoring.explanations.refusal import NotExplained
from scoring.explanations.tables import table_explainer
from shared.model import ExplainedBy

logger = logging.getLogger(__name__)


class Explained(NamedTuple):
    """What explains an estimator.

    Attributes:
        by: how.
        explainer: what does it.
        classes: the name of the class of each explained number; none: they are of no class.
    """

    by: ExplainedBy
    explainer: Explainer
    classes: pd.CategoricalDtype


def explained_of(
    estimator: Any,
    scorer: Any,
    fast: Any,
    sentiment: Sentiment | None,
    *,
    inputs: Sequence[str] | None,
) -> tuple[Explained | None, str]:
    """Find out how an estimator can be explained; None if it cannot, and why not, if that is known.

    With two classes the explained number is the log-odds: of the score, so that a positive effect
    raises it, or of the second class, if the model gives no score. With more classes it is the
    number of the most probable class.

    Args:
        estimator: fitted; it has the names of the classes.
        scorer: the estimator inside it that does the work.
        fast: the same, perhaps faster.
        sentiment: how its score is made; None: it gives none.
        inputs: the names of the columns that it takes; None: it takes texts.
    """
    values = None if sentiment is None else sentiment.class_values
    turned = values is not None and len(values) == 2 and bool(values[1] < values[0])
    by: ExplainedBy = "linear"
    found: Explainer | None = None
    try:
        if inputs is None:
            found = linear_words(scorer, fast, turned=turned)
        elif of_table := table_explainer(scorer, inputs, turned=turned):
            by, found = of_table
    except NotExplained as error:
        logger.info("its scores cannot be explained: %s", error)
        return None, str(error)
    # A fitted estimator may lack attributes, or be somebody's subclass. It scores all the same.
    except Exception as error:  # noqa: BLE001
        logger.warning("its scores cannot be explained: %r", error)
        return None, ""
    if found is None:
        return None, ""
    labels = np.asarray(getattr(estimator, "classes_", [])).tolist()
    if found.numbers > 1:
        names = list(map(str, labels))
    else:
        names = [str(labels[1])] if len(labels) == 2 and sentiment is None else []
    return Explained(by, found, categories_of(names)), ""
