"""Explanations of linear estimators over words: weight times value, which is exact."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.svm import LinearSVC

from scoring.words.compiled_words import LIBRARY
from scoring.words.proof import trial_texts
from scoring.words.word_counts import WordCounter
from shared.jobs.added_outputs import MOST_TERMS, Explanation
from shared.model import Model, load_model
from shared.reach import KNOWN, REACH
from training.add_model import add_model
from training.added.meaning import Meaning

GOOD = ["a good film", "well made and moving", "I liked it", "splendid, really splendid!"]
BAD = ["a bad film", "badly made and dull", "I left early", "not good, not at all"]
TWO = [1] * 4 + [0] * 4
THREE = [2, 1, 2, 1, 0, 0, 1, 0]

VECTORISERS: list[list[Any]] = [
    [TfidfVectorizer()],
    [TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)],
    [CountVectorizer(), TfidfTransformer(norm="l1")],
    [TfidfVectorizer(analyzer="char", ngram_range=(1, 3))],
    [CountVectorizer(), SelectKBest(chi2, k=8)],
    [FeatureUnion([("words", TfidfVectorizer()), ("letters", TfidfVectorizer(analyzer="char"))])],
]
FINALS: list[Any] = [
    LogisticRegression(),
    SGDClassifier(loss="log_loss", random_state=0),
    MultinomialNB(),
    ComplementNB(),
    OneVsRestClassifier(LogisticRegression()),
    CalibratedClassifierCV(LinearSVC(), cv=2, ensemble=False),
]


def added(estimator: Any, folder: Path, **meaning: Any) -> Model:
    joblib.dump(estimator, folder / "made.pkl")
    add_model(folder / "made.pkl", name="mine", output=folder, meaning=Meaning(**meaning))
    return load_model(folder / "mine")


def frame_of(texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"text": pd.Series(texts, dtype=object)})


def some_texts() -> list[str]:
    words = ["good", "film", "bad", "made", "not", "splendid", "and", "dull", "liked"]
    return [*GOOD, *BAD, "", "unknown", "good " * 200, *trial_texts(words)]


def total(found: pd.DataFrame, terms: int) -> "pd.Series[Any]":
    """The base value and all effects, as a user adds them up."""
    effects = [f"effect_{at + 1}" for at in range(terms)]
    return found[[*effects, "other_effects", "base_value"]].sum(axis=1)


@pytest.mark.parametrize("steps", VECTORISERS)
@pytest.mark.parametrize("final", FINALS)
@pytest.mark.parametrize("values", [(0.0, 1.0), (1.0, 0.0)])
def test_effects_add_up_to_the_log_odds_of_the_score(
    steps: list[Any], final: Any, values: tuple[float, ...], tmp_path: Path
) -> None:
    """Whichever class is the positive one; and the score is what it is otherwise."""
    pipeline = make_pipeline(*steps, final).fit(GOOD + BAD, TWO)
    model = added(pipeline, tmp_path, class_values=values)
    assert model.explained_by == "linear"
    frame = frame_of(some_texts())
    found = model.explained(2).score(frame)
    pd.testing.assert_frame_equal(
        found[["Sentiment_Score"]], model.score(frame)[["Sentiment_Score"]]
    )
    # The score itself is computed in single precision where all numbers of a model are single.
    [final, *_] = getattr(pipeline[-1], "estimators_", [pipeline[-1]])
    close = 1e-6 if getattr(final, "coef_", np.empty(0)).dtype == np.float32 else 1e-9
    sums, scores = total(found, 2), found["Sentiment_Score"]
    # Near 0 and 1 the probability has fewer digits than its log-odds.
    inner = sums.abs() < 10
    assert inner.sum() > 200
    np.testing.assert_allclose(sums[inner], logit(scores[inner]), atol=close)
    np.testing.assert_allclose(expit(sums), scores, atol=close)
    assert found["explained_class"].isna().all()


@pytest.mark.parametrize("final", [*FINALS[:2], MultinomialNB()])
def test_with_several_classes_the_most_probable_one_is_explained(
    final: Any, tmp_path: Path
) -> None:
    """The effects add up to its decision, and the class is named."""
    pipeline = make_pipeline(TfidfVectorizer(), final).fit(GOOD + BAD, THREE)
    model = added(pipeline, tmp_path)
    texts = some_texts()
    found = model.explained(3).score(frame_of(texts))
    if hasattr(pipeline, "decision_function"):
        decided = pipeline.decision_function(texts)
    else:
        decided = pipeline[-1].predict_joint_log_proba(pipeline[:-1].transform(texts))
    np.testing.assert_allclose(total(found, 3), decided.max(axis=1), atol=1e-9)
    assert found["explained_class"].tolist() == [str(one) for one in decided.argmax(axis=1)]


def test_effects_of_a_regression_add_up_to_its_prediction(tmp_path: Path) -> None:
    """In the units of the prediction."""
    pipeline = make_pipeline(TfidfVectorizer(), Ridge()).fit(GOOD + BAD, np.arange(8.0))
    model = added(pipeline, tmp_path)
    texts = some_texts()
    found = model.explained(3).score(frame_of(texts))
    np.testing.assert_allclose(total(found, 3), pipeline.predict(texts), atol=1e-9)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("labels", [TWO, THREE])
def test_the_terms_are_those_with_the_largest_weight_times_value(
    compiled: bool, labels: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As scikit-learn's own numbers have them; of equal sizes the term that comes first."""
    if not compiled:
        monkeypatch.setattr(WordCounter, "decision_function", lambda *_: None)
    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression())
    pipeline.fit(GOOD + BAD, labels)
    model = added(pipeline, tmp_path)
    texts = some_texts()
    found = model.explained(4).score(frame_of(texts))
    names = pipeline[0].get_feature_names_out()
    values = pipeline[0].transform(texts).toarray()
    decided = pipeline.decision_function(texts)
    for at, row in enumerate(values):
        chosen = 0 if decided.ndim == 1 else decided[at].argmax()
        effects = row * pipeline[-1].coef_[chosen]
        order = [place for place in np.argsort(-np.abs(effects), kind="stable") if effects[place]]
        for place in range(4):
            name, effect = found.loc[at, [f"explanation_{place + 1}", f"effect_{place + 1}"]]
            if place < len(order):
                assert name == names[order[place]]
                assert effect == pytest.approx(effects[order[place]], abs=1e-12)
            else:
                assert pd.isna(name)
                assert np.isnan(effect)


@pytest.mark.parametrize("compiled", [True, False])
def test_an_explanation_depends_on_its_row_alone(
    compiled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever rows are scored with it, it is the same to the last bit."""
    if not compiled:
        monkeypatch.setattr(WordCounter, "decision_function", lambda *_: None)
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(GOOD + BAD, THREE)
    explained = added(pipeline, tmp_path).explained(3)
    texts = some_texts()
    together = explained.score(frame_of(texts)).astype(object)
    alone = pd.concat([explained.score(frame_of([text])) for text in texts], ignore_index=True)
    pd.testing.assert_frame_equal(alone.astype(object), together, check_exact=True)
    halves = [explained.score(frame_of(texts[at::2])).astype(object) for at in (0, 1)]
    for at in (0, 1):
        expected = together.iloc[at::2].reset_index(drop=True)
        pd.testing.assert_frame_equal(halves[at], expected, check_exact=True)


def test_equal_effects_are_in_the_order_of_the_columns(tmp_path: Path) -> None:
    """Both ways to find the terms name the one whose column comes first."""
    pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(GOOD + BAD, TWO)
    pipeline[-1].coef_[:] = 1.0
    explained = added(pipeline, tmp_path).explained(2)
    found = explained.score(frame_of(["splendid film and good early", "made made early"]))
    names = found[["explanation_1", "explanation_2"]].to_numpy().tolist()
    assert names == [["and", "early"], ["made", "early"]]


@pytest.mark.parametrize("compiled", [True, False])
def test_effects_have_at_most_twelve_decimals(
    compiled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Effects and the sum of the others are rounded; smaller ones than 1e-5 keep their digits."""
    if not compiled:
        monkeypatch.setattr(WordCounter, "decision_function", lambda *_: None)
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(GOOD + BAD, TWO)
    pipeline[-1].coef_[0, ::3] *= 1e-6
    found = added(pipeline, tmp_path).explained(2).score(frame_of(some_texts()))
    numbers = found[["effect_1", "effect_2", "other_effects"]].to_numpy().ravel()
    numbers = numbers[~np.isnan(numbers)]
    small = np.abs(numbers) < 1e-5
    assert (numbers[small] != 0).any()
    assert np.array_equal(numbers[~small], np.round(numbers[~small], 12))


def test_a_frame_without_rows_has_the_columns(tmp_path: Path) -> None:
    """A part may have no good row."""
    pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(GOOD + BAD, TWO)
    found = added(pipeline, tmp_path).explained(2).score(frame_of([]))
    names = [one.name for one in Explanation(terms=2).outputs]
    assert [name for name in found if name in names] == names


def test_columns_that_are_no_terms_are_not_explained_as_such(tmp_path: Path) -> None:
    """A component of many words would say nothing."""
    steps = TfidfVectorizer(), TruncatedSVD(2, random_state=0), LogisticRegression()
    model = added(make_pipeline(*steps).fit(GOOD + BAD, TWO), tmp_path)
    assert model.explained_by != "linear"


def test_the_bundled_model_is_explained() -> None:
    """Its effects add up to the log-odds of the score."""
    model = load_model(Path("models/fast"))
    found = model.explained(3).score(frame_of([*GOOD, *BAD]))
    np.testing.assert_allclose(total(found, 3), logit(found["Sentiment_Score"]), atol=1e-9)
    assert found.loc[3, "explanation_1"] == "splendid"


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("labels", [TWO, THREE])
def test_what_is_read_of_texts_is_counted_while_they_are_explained(
    compiled: bool, labels: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counts are those of a model that explains nothing, and the explanations are the same."""
    if not compiled:
        monkeypatch.setattr(WordCounter, "decision_function", lambda *_: None)
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(GOOD + BAD, labels)
    model = added(pipeline, tmp_path)
    frame = frame_of(some_texts() * 20)
    counting = model.with_reach()
    assert counting is not None
    explained = model.explained(2).score(frame).astype(object)
    found = counting.explained(2).score(frame).astype(object)
    pd.testing.assert_frame_equal(found[list(explained)], explained, check_exact=True)
    reach = counting.score(frame)[[one.name for one in REACH]].astype(object)
    pd.testing.assert_frame_equal(found[list(reach)], reach)


def test_the_texts_of_a_bulk_job_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundled model needs no second pass over the words of explained texts."""
    counting = load_model(Path("models/fast")).with_reach()
    assert counting is not None
    monkeypatch.setattr(WordCounter, "reach", None)
    found = counting.explained(1).score(frame_of(["A splendid film", "xyzzy"]))
    assert found[KNOWN].tolist() == [3, 0]


@pytest.mark.parametrize("labels", [TWO, THREE])
@pytest.mark.parametrize("values", [(0.0, 0.5, 1.0), (1.0, 0.5, 0.0)])
def test_compiled_code_finds_the_same_terms_for_any_number_of_them(
    labels: list[int], values: tuple[float, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same terms, effects and sums as array operations find, to the last bit."""
    pipeline = make_pipeline(CountVectorizer(ngram_range=(1, 2)), LogisticRegression())
    many_words = " ".join(f"word{number}" for number in range(80))
    pipeline.fit([*GOOD, *BAD, many_words], [*labels, labels[0]])
    # Many effects of the same size or nearly so, and some of no size or hardly any.
    above_half = np.nextafter(0.5, 1.0)
    sizes = [0.5, -0.5, 0.0, 0.25, 1e-300, -0.5, above_half, 3.0, 5e-324, np.nextafter(3.0, 0.0)]
    coefficients = pipeline[-1].coef_
    coefficients[:] = np.resize(sizes, coefficients.shape)
    scored = 0.0, *values[-len(set(labels)) + 1 :]
    model = added(pipeline, tmp_path, class_values=scored)
    monkeypatch.setattr(WordCounter, "decision_function", lambda *_: None)
    other = load_model(tmp_path / "mine")
    frame = frame_of([*some_texts(), " ".join(GOOD + BAD), many_words, "word1 word2 word12"])
    for terms in [*range(1, 8), MOST_TERMS]:
        found, expected = (one.explained(terms).score(frame) for one in (model, other))
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_more_terms_than_the_compiled_code_has_room_for_are_refused(tmp_path: Path) -> None:
    """Rather than written beyond its arrays."""
    pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(GOOD + BAD, TWO)
    explained = added(pipeline, tmp_path).explained(MOST_TERMS + 1)
    if LIBRARY:
        with pytest.raises(ValueError, match="at most 20"):
            explained.score(frame_of(GOOD))


def test_texts_are_explained_without_a_frame() -> None:
    """With the values of a frame; a part of a bulk job comes so."""
    model = load_model(Path("models/fast")).with_reach()
    assert model is not None
    explained: Any = model.explained(2)
    expected = explained.score(frame_of(some_texts()))
    found = explained.score_texts(some_texts())
    assert list(found) == list(expected)
    pd.testing.assert_frame_equal(pd.DataFrame(found), expected, check_exact=True)
