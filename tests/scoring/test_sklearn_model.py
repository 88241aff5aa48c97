import json
import pickle
from functools import partial
from operator import add
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, maxabs_scale
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from scoring.sklearn_model import SklearnModel
from shared.card import write_card
from shared.errors.model import UnusableModel
from shared.model import load_model
from shared.reach import KNOWN

TEXTS = ["good", "very good", "fine and good", "bad", "very bad", "awful and bad", "so so", "hm so"]
LABELS = ["pos", "pos", "pos", "neg", "neg", "neg", "neu", "neu"]


@pytest.fixture
def save(tmp_path):
    """Save an estimator as a model folder, and load that as a worker does."""

    def saved(estimator, **options):
        joblib.dump(estimator, tmp_path / "model.pkl")
        write_card(tmp_path, name="mine", format="pkl", files=["model.pkl"], options=options)
        return load_model(tmp_path)

    return saved


def fitted(classifier, labels, vectoriser=None):
    return make_pipeline(vectoriser or TfidfVectorizer(), classifier).fit(TEXTS, labels)


def test_the_score_is_the_expected_value_over_the_classes(save):
    """Three classes give 0 x p(negative) + 0.5 x p(neutral) + 1 x p(positive)."""
    pipeline = fitted(LogisticRegression(), LABELS)
    model = save(pipeline)
    frame = pd.DataFrame({"text": ["good", "bad so"], "other": [1, 2]}, index=[7, 7])
    scored = model.score(frame)
    assert isinstance(model, SklearnModel)
    assert list(scored.columns) == ["Sentiment_Score"]
    assert scored.index.tolist() == [7, 7]
    expected = pipeline.predict_proba(["good", "bad so"]) @ [0, 0.5, 1]
    np.testing.assert_allclose(scored["Sentiment_Score"], expected)


def test_class_values_in_the_card_take_precedence(save):
    """Class values in the card take precedence over the labels."""
    plain = save(fitted(LogisticRegression(), LABELS))
    turned = save(fitted(LogisticRegression(), LABELS), class_values=[1, 0.5, 0])
    frame = pd.DataFrame({"text": ["good"]})
    total = plain.score(frame) + turned.score(frame)
    assert total["Sentiment_Score"].iloc[0] == pytest.approx(1)


@pytest.mark.filterwarnings("ignore:Outlier label")
def test_a_text_that_belongs_to_no_class_has_no_score(save):
    """Zeros for every class are not the score 0: the text gets none, and its row an error."""
    neighbours = RadiusNeighborsClassifier(radius=0.8, outlier_label="non")
    model = save(fitted(neighbours, LABELS))
    scores = model.score(pd.DataFrame({"text": ["good", "xyz", "bad"]}))
    assert scores["Sentiment_Score"].isna().tolist() == [False, True, False]


def test_a_text_may_have_none_of_several_labels(save):
    """If classes do not exclude each other, zeros for all of them mean the score 0."""
    labels = np.array([[1, 0], [1, 0], [1, 1], [0, 1], [0, 0], [0, 1], [0, 0], [0, 0]])
    classifier = OneVsRestClassifier(DecisionTreeClassifier(random_state=0))
    model = save(fitted(classifier, labels), class_values=[1, 0])
    scores = model.score(pd.DataFrame({"text": ["very good", "hm so"]}))
    assert scores["Sentiment_Score"].tolist() == [1.0, 0.0]


def test_scores_that_depend_on_the_batch_are_refused(save):
    """A step that takes figures of the whole batch would score a text differently in each job."""
    pipeline = make_pipeline(CountVectorizer(), FunctionTransformer(maxabs_scale), Ridge())
    with pytest.raises(UnusableModel, match="depend on the other texts"):
        save(pipeline.fit([f"{text} {text}" for text in TEXTS], [1, 1, 1, 0, 0, 0, 0.5, 0.5]))


def test_estimators_with_jobs_start_no_threads(save):
    """`n_jobs` would start threads or processes, which compete with the other workers."""
    one_job = []

    class Noting(DummyClassifier):
        def predict_proba(self, texts):
            backend, _ = joblib.parallel.get_active_backend()
            one_job.append(backend.effective_n_jobs(-1) == 1)
            return super().predict_proba(texts)

    estimator = Noting(strategy="prior").fit(TEXTS, [0, 1] * 4)
    model = SklearnModel(estimator, save(fitted(LogisticRegression(), LABELS)).card, Path())
    model.score(pd.DataFrame({"text": ["good"]}))
    assert all(one_job)
    assert one_job


def test_no_rows_give_no_scores(save):
    """An empty frame is scored to an empty frame."""
    model = save(fitted(LogisticRegression(), LABELS))
    model.warm_up()
    scored = model.score(pd.DataFrame({"text": pd.Series([], dtype=str)}))
    assert scored.empty
    assert scored["Sentiment_Score"].dtype == np.float64


def test_a_regressor_is_clipped(save):
    """An estimator that predicts the score itself is served, and clipped to 0..1."""
    targets = [1.0, 1, 1, 0, 0, 0, 0.5, 0.5]
    model = save(fitted(LinearRegression(), targets, CountVectorizer()))
    scores = model.score(pd.DataFrame({"text": ["good good good good", "bad bad bad bad"]}))
    assert scores["Sentiment_Score"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (fitted(LinearSVC(), LABELS), "CalibratedClassifierCV"),
        (fitted(Ridge(), [5, 5, 5, 1, 1, 1, 3, 3]), "a score is in 0..1"),
        (fitted(LogisticRegression(), ["ham"] * 4 + ["spam"] * 4), "--positive"),
        (LogisticRegression().fit([[0.0], [1.0]], [0, 1]), "does not score texts"),
        (make_pipeline(TfidfVectorizer(), LogisticRegression()), "does not|classes"),
        ({"not": "an estimator"}, "holds a dict"),
        (DummyClassifier(), "class"),
    ],
)
def test_an_unsuitable_estimator_is_refused_at_load(save, estimator, reason):
    """An estimator that cannot give scores in 0..1 for texts is refused with the reason."""
    with pytest.raises(UnusableModel, match=reason):
        save(estimator)


def test_wrong_class_values_are_refused(save):
    """Class values that do not fit the classes are refused at load."""
    with pytest.raises(UnusableModel, match="3 classes, but 2 class values"):
        save(fitted(LogisticRegression(), LABELS), class_values=[0, 1])


def _folder_of(folder, content):
    (folder / "model.pkl").write_bytes(content)
    write_card(folder, name="mine", format="pkl", files=["model.pkl"])
    return folder


def test_a_file_that_is_no_pickle_is_refused(tmp_path):
    """A damaged file is refused with a message that says what to do."""
    with pytest.raises(UnusableModel, match=r"cannot be unpickled.*joblib.dump"):
        load_model(_folder_of(tmp_path, b"This is not a pickle."))


def test_a_pickle_of_missing_code_is_refused(tmp_path):
    """A pickle whose code is not installed is refused, and the message names what is missing."""
    content = pickle.dumps(np.float64).replace(b"float64", b"floatXY")
    with pytest.raises(UnusableModel, match="floatXY"):
        load_model(_folder_of(tmp_path, content))


def test_another_scikit_learn_version_is_served_with_a_warning(tmp_path, caplog):
    """A pipeline saved by another version of scikit-learn is served, with a warning in the log."""
    content = pickle.dumps(fitted(LogisticRegression(), LABELS), protocol=0)
    assert sklearn.__version__.encode() in content
    older = content.replace(b"V" + sklearn.__version__.encode(), b"V1.0.2")
    model = load_model(_folder_of(tmp_path, older))
    model.warm_up()
    assert "saved by scikit-learn 1.0.2" in caplog.text


def test_the_card_keeps_options_as_json(save, tmp_path):
    """The class values in a card are plain JSON."""
    save(fitted(LogisticRegression(), LABELS), class_values=[0, 0.5, 1])
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["options"] == {"class_values": [0, 0.5, 1]}


def test_a_model_that_faster_code_cannot_read_is_served(save, monkeypatch, caplog):
    """If the faster code raises an error when it reads a model, scikit-learn runs the model."""

    def fail(_):
        raise AttributeError("no coefficients")

    monkeypatch.setattr("scoring.sklearn_model.WordPipeline.from_estimator", fail)
    pipeline = fitted(LogisticRegression(), LABELS)
    model = save(pipeline)
    expected = pipeline.predict_proba(["good"]) @ [0, 0.5, 1]
    np.testing.assert_allclose(model.numbers(["good"]), expected)
    assert "no coefficients" in caplog.text


def test_code_of_a_users_own_gets_a_list_also_while_words_are_counted(save):
    """A step of a pipeline may take nothing but a list of texts."""
    own = make_pipeline(FunctionTransformer(partial(add, [])), CountVectorizer(analyzer="char"))
    both = FeatureUnion([("own", own), ("words", TfidfVectorizer())])
    model = save(fitted(LogisticRegression(), LABELS, both))
    frame = pd.DataFrame({"text": TEXTS})
    counted = model.with_reach().score(frame)
    pd.testing.assert_frame_equal(counted[["Sentiment_Score"]], model.score(frame))
    assert counted[KNOWN].tolist() == [len(text.split()) for text in TEXTS]
