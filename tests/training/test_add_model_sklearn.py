import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from shared.errors.input import BadOption
from shared.errors.model import BadName, ModelExists, UnusableModel
from shared.model import load_model, read_card
from training.add_model import add_model
from training.added.meaning import Meaning
from training.added.proof_texts import PROOF

TEXTS = ["good", "very good and fine", "bad", "very bad and awful", "so", "so so", "good", "bad"]
TWO = [1, 1, 0, 0, 0, 1, 1, 0]
WORDS = ["happy", "happy", "sad", "sad", "sad", "happy", "happy", "sad"]
THREE = ["positive", "positive", "negative", "negative", "neutral", "neutral"]
STARS = [5, 4, 1, 2, 3, 3, 5, 1]


@pytest.fixture
def pickled(tmp_path):
    """A pipeline that a user fitted and saved."""

    def save(labels, classifier=None, name="theirs.pkl", dump=joblib.dump):
        if classifier is None:  # not `or`: an unfitted forest has no length
            classifier = LogisticRegression()
        pipeline = make_pipeline(TfidfVectorizer(), classifier)
        path = tmp_path / name
        pipeline.fit(TEXTS[: len(labels)], labels)
        if dump is joblib.dump:
            joblib.dump(pipeline, path)
        else:
            path.write_bytes(pickle.dumps(pipeline))
        return path

    return save


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (TWO, [0.0, 1.0]),
        (THREE, [0.0, 0.5, 1.0]),
        (STARS, [0.0, 0.25, 0.5, 0.75, 1.0]),
        ([label == 1 for label in TWO], [0.0, 1.0]),
    ],
)
def test_a_plainly_saved_pipeline_is_added_and_served(pickled, tmp_path, labels, values):
    """Self-explanatory labels need no option: 0/1, three words, stars, true/false."""
    added = add_model(pickled(labels), name="mine", output=tmp_path / "models")
    assert added.card.options == {"class_values": values}
    assert list(added.proof) == PROOF
    assert read_card(tmp_path / "models" / "mine") == added.card
    pipeline = joblib.load(tmp_path / "theirs.pkl")
    frame = pd.DataFrame({"text": TEXTS})
    scored = load_model(tmp_path / "models" / "mine").score(frame)
    expected = pipeline.predict_proba(TEXTS) @ np.array(values)
    np.testing.assert_allclose(scored["Sentiment_Score"], expected)


@pytest.mark.parametrize("name", ["theirs.pkl", "theirs.joblib"])
@pytest.mark.parametrize("dump", [joblib.dump, pickle.dump])
def test_both_ways_of_saving_are_read(pickled, tmp_path, name, dump):
    """Files of joblib and of pickle, with either ending, become model.pkl."""
    path = pickled(TWO, name=name, dump=dump)
    add_model(path, name="mine", output=tmp_path / "models")
    assert (tmp_path / "models" / "mine" / "model.pkl").read_bytes() == path.read_bytes()


def test_labels_without_an_order_are_served_as_labels(pickled, tmp_path):
    """Unknown labels give no score, but the label and probabilities, unless an option is given."""
    path, output = pickled(WORDS), tmp_path / "models"
    plain = add_model(path, name="mine", output=output)
    names = [one.name for one in plain.card.signature.default_outputs]
    assert names == ["label", "probability_happy", "probability_sad"]
    assert plain.proof == {}
    (note,) = plain.notes
    assert "no Sentiment_Score: its classes (happy, sad)" in note
    assert "--positive" in note
    pipeline = joblib.load(path)
    scored = load_model(output / "mine").score(pd.DataFrame({"text": TEXTS}, dtype=object))
    assert scored["label"].tolist() == pipeline.predict(TEXTS).tolist()
    expected = pipeline.predict_proba(TEXTS)
    np.testing.assert_allclose(scored[names[1:]], expected, rtol=0, atol=1e-12)
    meaning = Meaning(positive="happy")
    by_label = add_model(path, name="mine", output=output, meaning=meaning, force=True)
    assert by_label.card.options == {"class_values": [1.0, 0.0]}
    by_value = add_model(path, name="other", output=output, meaning=Meaning(class_values=[0.9, 0]))
    assert by_value.card.options == {"class_values": [0.9, 0]}
    with pytest.raises(BadOption, match="the classes are: happy, sad"):
        add_model(path, name="third", output=output, meaning=Meaning(positive="glad"))


def test_a_model_of_sentiment_gives_label_and_probabilities_on_request(pickled, tmp_path):
    """Its default output is the score alone, as it was."""
    path = pickled(THREE)
    added = add_model(path, name="mine", output=tmp_path / "models")
    outputs = added.card.signature.outputs
    assert [one.name for one in added.card.signature.default_outputs] == ["Sentiment_Score"]
    assert [one.name for one in outputs[1:]] == [
        "label",
        "probability_negative",
        "probability_neutral",
        "probability_positive",
    ]
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": TEXTS}))
    assert scored["label"].tolist() == joblib.load(path).predict(TEXTS).tolist()
    expected = scored.iloc[:, 2:].to_numpy() @ [0, 0.5, 1]
    np.testing.assert_array_equal(scored["Sentiment_Score"], expected)


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


def test_many_classes_give_their_probabilities_on_request(tmp_path):
    """A classifier of 50 topics gives its label; probabilities only if a job names them."""
    topics = [f"topic {number}" for number in range(50)]
    texts = [f"about thing{number} and more" for number in range(50)] * 2
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, topics * 2)
    joblib.dump(pipeline, tmp_path / "theirs.pkl")
    added = add_model(tmp_path / "theirs.pkl", name="mine", output=tmp_path / "models")
    assert [one.name for one in added.card.signature.default_outputs] == ["label"]
    assert len(added.card.signature.outputs) == 51
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": texts[:20]}))
    assert scored["label"].tolist() == pipeline.predict(texts[:20]).tolist()
    expected = pipeline.predict_proba(texts[:20])
    np.testing.assert_allclose(scored.iloc[:, 1:], expected, rtol=0, atol=1e-12)
    # A text without a known word has the label that the tie of all classes has there.
    assert (
        load_model(tmp_path / "models" / "mine")
        .score(pd.DataFrame({"text": ["xyz"]}))["label"]
        .tolist()
        == pipeline.predict(["xyz"]).tolist()
    )


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


def test_an_estimator_without_probabilities_gives_its_label(pickled, tmp_path):
    """A LinearSVC has no graded score; the note says what to wrap it in."""
    path = pickled(TWO, LinearSVC())
    added = add_model(path, name="mine", output=tmp_path / "models")
    assert [one.name for one in added.card.signature.outputs] == ["label"]
    assert "CalibratedClassifierCV" in added.notes[0]
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": TEXTS}))
    assert scored["label"].tolist() == joblib.load(path).predict(TEXTS).tolist()


def test_any_classifier_will_do(pickled, tmp_path):
    """Classifiers that are not linear can be added too."""
    forest = RandomForestClassifier(n_estimators=5, random_state=0)
    added = add_model(pickled(TWO, forest), name="mine", output=tmp_path / "models")
    assert all(0 <= score <= 1 for score in added.proof.values())


def test_an_existing_model_is_kept_without_force(pickled, tmp_path):
    """Without force an existing model stays as it is; with force it is replaced."""
    path, output = pickled(TWO), tmp_path / "models"
    first = add_model(path, name="mine", output=output)
    with pytest.raises(ModelExists, match="'mine'"):
        add_model(path, name="mine", output=output)
    assert read_card(output / "mine") == first.card
    other = pickled(STARS)
    second = add_model(other, name="mine", output=output, force=True)
    assert read_card(output / "mine") == second.card
    assert second.card.version != first.card.version


@pytest.mark.parametrize(
    ("name", "reason"),
    [("model.model", "end in .pkl"), ("nowhere.pkl", "no such file"), (".", "it is a folder")],
)
def test_files_of_other_kinds_are_refused(tmp_path, name, reason):
    """An unknown ending, a missing file and a folder are refused."""
    if name == "model.model":
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(UnusableModel, match=reason):
        add_model(tmp_path / name, name="mine", output=tmp_path / "models")


@pytest.mark.parametrize("name", ["My Model", "Mine", "a/b", "-mine", "", "mine\n", "m" * 65])
def test_a_bad_name_is_refused(pickled, tmp_path, name):
    """A name may hold no capitals and no slashes, because it names a folder and a queue."""
    with pytest.raises(BadName, match=r"--name.*lower-case letters, digits, - and _"):
        add_model(pickled(TWO), name=name, output=tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_what_the_classes_are_worth_is_told(pickled, tmp_path):
    """The caller learns what each class is worth, so that a wrong reading is seen."""
    added = add_model(pickled(STARS), name="mine", output=tmp_path / "models")
    assert added.classes == {"1": 0.0, "2": 0.25, "3": 0.5, "4": 0.75, "5": 1.0}


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
