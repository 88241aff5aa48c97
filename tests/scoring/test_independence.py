import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.decomposition import NMF, MiniBatchNMF
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, maxabs_scale, normalize

from scoring.independence import check_independence, check_steps

TEXTS = ["good", "very good", "fine and good good", "bad", "very bad", "awful and bad", "so so"]
SIDES = [1, 1, 1, 0, 0, 0, 1]


def by_length(texts):
    return sorted(texts, key=len)


def noisy(counts):
    return counts.toarray() + np.random.default_rng().normal(0, 0.1, counts.shape)


def without_empty(texts):
    return [text for text in texts if text.strip()]


class Reversed(BaseEstimator):
    """An estimator whose scores come in another order than the texts."""

    def predict(self, texts):
        return np.array([len(text) % 10 / 10 for text in sorted(texts)])


def fitted(*steps):
    return make_pipeline(*steps).fit(TEXTS, SIDES)


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (
            fitted(CountVectorizer(), FunctionTransformer(maxabs_scale), LogisticRegression()),
            "depend on the other texts",
        ),
        (
            fitted(CountVectorizer(), FunctionTransformer(maxabs_scale), Ridge()),
            "depend on the other texts",
        ),
        (
            fitted(CountVectorizer(), FunctionTransformer(noisy), LogisticRegression()),
            "when it is asked again",
        ),
        (Reversed(), "order of the texts"),
    ],
)
def test_scores_that_depend_on_more_than_the_text_are_refused(estimator, reason):
    """Batches differ from job to job, so figures of a batch, random numbers and sorting mislead."""
    with pytest.raises(ValueError, match=rf"{reason}.*MaxAbsScaler"):
        check_independence(estimator)


@pytest.mark.parametrize(
    "steps",
    [
        (CountVectorizer(), MaxAbsScaler()),
        (TfidfVectorizer(dtype=np.float32), FunctionTransformer(normalize)),
        (FunctionTransformer(without_empty), CountVectorizer()),
    ],
)
def test_steps_that_look_at_one_text_are_taken(steps):
    """Figures learnt in `fit`, and functions of single rows, give each text its own score."""
    check_independence(fitted(*steps, LogisticRegression()))


@pytest.mark.parametrize("step", [NMF(2), MiniBatchNMF(2)])
def test_a_step_that_is_known_to_look_at_the_batch_is_refused(step):
    """NMF stops when the whole batch has converged: its numbers may differ by less than a trial
    can tell from rounding.
    """
    with pytest.raises(ValueError, match=f"its {type(step).__name__} gives for a row depends"):
        check_steps(fitted(CountVectorizer(), step, LogisticRegression()))
