"""Options that say how the outputs of an added estimator become a score."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from support.labelled_texts import STARS, TEXTS, TWO, WORDS

from shared.errors.input import BadOption
from shared.errors.model import UnusableModel
from shared.model import load_model
from training.add_model import add_model
from training.added.meaning import Meaning
from training.added.proof_texts import PROOF


def test_cuts_make_a_label_of_a_score(pickled, tmp_path):
    """A score below the first cut is negative, one from the second on positive."""
    cuts = [0.45, 0.55]
    add_model(pickled(STARS), name="mine", output=tmp_path / "models", meaning=Meaning(cuts=cuts))
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": TEXTS}))
    expected = [
        "negative" if score < 0.45 else "positive" if score >= 0.55 else "neutral"
        for score in scored["Sentiment_Score"]
    ]
    assert scored["label"].tolist() == expected
    assert set(expected) == {"negative", "neutral", "positive"}


@pytest.mark.parametrize("cuts", [[0.6, 0.4], [0.5], [0, 2]])
def test_cuts_that_are_none_are_refused(pickled, tmp_path, cuts):
    """Cuts are two numbers in 0..1, the lower one first; a model without a score has none."""
    output = tmp_path / "models"
    with pytest.raises(UnusableModel, match="its cuts are not"):
        add_model(pickled(TWO), name="mine", output=output, meaning=Meaning(cuts=cuts))
    with pytest.raises(BadOption, match="the model gives no Sentiment_Score: its classes"):
        add_model(pickled(WORDS), name="mine", output=output, meaning=Meaning(cuts=[0.4, 0.6]))


def test_a_number_may_be_the_positive_label(pickled, tmp_path):
    """The positive label is compared as a string."""
    added = add_model(
        pickled(TWO), name="mine", output=tmp_path / "models", meaning=Meaning(positive="0")
    )
    assert added.card.options == {"class_values": [1.0, 0.0]}


@pytest.mark.parametrize("values", [[0, 0.5, 1], [0, 2], [0, float("nan")]])
def test_class_values_that_do_not_fit_are_refused(pickled, tmp_path, values):
    """A model is added only with one number in 0..1 per class."""
    with pytest.raises(UnusableModel, match="class values"):
        add_model(
            pickled(TWO), name="mine", output=tmp_path / "m", meaning=Meaning(class_values=values)
        )


MANY = np.array(
    [[1, 0, 1], [1, 1, 0], [0, 0, 1], [0, 1, 1], [0, 0, 0], [1, 0, 0]] + [[1, 0, 1]] * 2
)


def test_a_label_of_a_multi_label_model_can_be_named(pickled, tmp_path):
    """The score of a multi-label model is the probability of the one label that is named."""
    path, output = pickled(MANY, OneVsRestClassifier(LogisticRegression())), tmp_path / "models"
    plain = add_model(path, name="mine", output=output)
    assert len(plain.card.signature.default_outputs) == 6
    assert "--class-values" in plain.notes[0]
    named = add_model(path, name="named", output=output, meaning=Meaning(positive="2"))
    given = Meaning(class_values=[0, 0, 1])
    valued = add_model(path, name="valued", output=output, meaning=given)
    expected = joblib.load(path).predict_proba(PROOF)[:, 2]
    for added in (named, valued):
        np.testing.assert_allclose(list(added.proof.values()), expected)


def test_a_regressor_of_another_range_needs_its_range_for_a_score(pickled, tmp_path):
    """Predictions of stars or polarities are scaled to 0..1, if their range is given."""
    path, output = pickled([1, 1, -1, -1, 0, 0, 1, -1], Ridge(0.1)), tmp_path / "models"
    plain = add_model(path, name="plain", output=output)
    assert [one.name for one in plain.card.signature.outputs] == ["prediction"]
    assert "--target-range" in plain.notes[0]
    added = add_model(path, name="mine", output=output, meaning=Meaning(target_range=[-1, 1]))
    expected = np.clip((joblib.load(path).predict(PROOF) + 1) / 2, 0, 1)
    np.testing.assert_allclose(list(added.proof.values()), expected)
    assert added.classes == {}


@pytest.mark.parametrize("given", [[1, 0], [0, 0], [1], [0, 1, 2], [0, float("nan")]])
def test_a_range_that_is_none_is_refused(pickled, tmp_path, given):
    """A range is two numbers, the lower one first."""
    with pytest.raises(UnusableModel, match="range of its target"):
        add_model(
            pickled(TWO, Ridge()),
            name="mine",
            output=tmp_path / "models",
            meaning=Meaning(target_range=given),
        )


@pytest.mark.parametrize(
    "meaning",
    [
        Meaning(class_values=[0, 1], positive="1"),
        Meaning(positive="1", target_range=[0, 1]),
        Meaning(class_values=[0, 1], target_range=[0, 1]),
    ],
)
def test_only_one_option_says_how_outputs_are_read(pickled, tmp_path, meaning):
    """Of two options that say the same, none is ignored without a word."""
    with pytest.raises(BadOption, match="says the same as"):
        add_model(pickled(TWO), name="mine", output=tmp_path / "models", meaning=meaning)


def test_a_regressor_has_no_positive_class(pickled, tmp_path):
    """The option for the positive class is refused for a regressor."""
    meaning = Meaning(positive="1")
    with pytest.raises(BadOption, match="no classes"):
        add_model(pickled(TWO, Ridge()), name="m", output=tmp_path / "models", meaning=meaning)


@pytest.mark.parametrize("meaning", [Meaning(positive="1"), Meaning(class_values=[0, 1])])
def test_an_unfitted_pipeline_is_named_as_such_with_any_option(tmp_path, meaning):
    """The better reason comes first: there are no classes, because there was no fit."""
    path = tmp_path / "theirs.pkl"
    joblib.dump(make_pipeline(TfidfVectorizer(), LogisticRegression()), path)
    with pytest.raises(UnusableModel, match="it is not fitted"):
        add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)


@pytest.mark.parametrize(
    ("classifier", "meaning"),
    [(Ridge(), Meaning(class_values=[0, 1])), (LogisticRegression(), Meaning(target_range=[0, 1]))],
)
def test_options_of_the_other_kind_of_estimator_are_refused(pickled, tmp_path, classifier, meaning):
    """Class values are for classifiers, the range of a target for regressors."""
    with pytest.raises(UnusableModel, match="no use"):
        add_model(pickled(TWO, classifier), name="mine", output=tmp_path / "m", meaning=meaning)


@pytest.mark.parametrize(
    "option",
    [
        {"max_length": 5},
        {"padding": "pre"},
        {"truncating": "pre"},
        {"unknown": "drop"},
        {"num_words": 5},
        {"filters": ""},
        {"lower": False},
        {"token_pattern": r"\w+"},
    ],
)
def test_options_of_keras_models_are_refused(pickled, tmp_path, option):
    """An option that has no effect on this kind of model is refused."""
    with pytest.raises(BadOption, match="Keras models only"):
        add_model(pickled(TWO), name="mine", output=tmp_path / "models", meaning=Meaning(**option))
