"""A model in parts, by a dict, a list or several files, is served as one pipeline."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, MinMaxScaler, Normalizer
from skops import io

from scorelane.commands.main import cli
from shared.errors.input import BadOption
from shared.errors.model import UnusableModel
from shared.model import SCORE, load_model
from training.add_model import Added, add_model
from training.added.meaning import Meaning

TEXTS = ["good", "very good and fine", "bad", "very bad and awful", "so", "so so", "fine", "dull"]
TWO = [1, 1, 0, 0, 0, 1, 1, 0]
WORDS = ["positive", "positive", "negative", "negative"] + ["neutral"] * 4
NEW = ["good and bad", "fine", "", "unknown"]


def fit(*steps: Any, labels: Any = TWO) -> list[Any]:
    """Fitted steps, as of a script that has no pipeline."""
    return [step for _, step in make_pipeline(*steps).fit(TEXTS, labels).steps]


def add(tmp_path: Path, held: Any, **meaning: Any) -> Added:
    if isinstance(held, Path):
        path = held
    else:
        path = tmp_path / "theirs.pkl"
        joblib.dump(held, path)
    return add_model(
        path, name="mine", output=tmp_path / "models", meaning=Meaning(**meaning), force=True
    )


def scores(tmp_path: Path) -> list[float]:
    model = load_model(tmp_path / "models" / "mine")
    return list(model.score(pd.DataFrame({"text": NEW}))[SCORE].tolist())


def expected(steps: list[Any], values: Any = (0, 1)) -> Any:
    found = make_pipeline(*steps).predict_proba(NEW) @ np.array(values)
    return pytest.approx(found, rel=0, abs=1e-12)


def search(vectorizer: Any, model: Any) -> list[Any]:
    """A vectoriser, and a search that was fitted to its numbers."""
    [vectorizer, _] = fit(vectorizer, model)
    found = GridSearchCV(model, {"C": [1, 2]}, cv=2)
    return [vectorizer, found.fit(vectorizer.transform(TEXTS), TWO)]


@pytest.mark.parametrize(
    "hold",
    [
        tuple,
        lambda steps: steps[::-1],
        lambda steps: {"model": steps[1], "vectorizer": steps[0]},
        lambda steps: {"clf": steps[1], "tfidf": steps[0], "accuracy": 0.9, "notes": ["a", 1]},
        lambda steps: {"pipeline": make_pipeline(*steps), "vectorizer": steps[0]},
    ],
)
@pytest.mark.parametrize("make", [fit, search])
def test_a_vectoriser_and_a_model_in_one_file_are_joined(
    tmp_path: Path, hold: Any, make: Any
) -> None:
    """In a dict, tuple or list, in any order: parts are known by what they are, not by their names.

    A step that the model has already is not applied twice.
    """
    steps = make(TfidfVectorizer(), LogisticRegression())
    added = add(tmp_path, hold(steps))
    assert scores(tmp_path) == expected(steps)
    assert "TfidfVectorizer" in " ".join(added.notes)


def test_steps_of_a_dict_are_put_into_the_only_order_that_fits(tmp_path: Path) -> None:
    """Texts come first, and each step gives as many numbers as the next one takes."""
    steps = fit(CountVectorizer(), TfidfTransformer(), SelectKBest(k=4), LogisticRegression())
    count, tfidf, best, model = steps
    add(tmp_path, {"best": best, "model": model, "idf": tfidf, "counts": count})
    assert scores(tmp_path) == expected(steps)


def test_steps_that_fit_in_two_orders_are_refused(tmp_path: Path) -> None:
    """The scores depend on the order; a list says it."""
    steps = fit(CountVectorizer(), TfidfTransformer(), Normalizer("l1"), LogisticRegression())
    names = ["counts", "idf", "norm", "model"]
    with pytest.raises(UnusableModel, match=r"the order of its steps is not known.*in a list"):
        add(tmp_path, dict(zip(names, steps, strict=True)))
    add(tmp_path, steps)
    assert scores(tmp_path) == expected(steps)


def test_a_cleaning_step_comes_before_the_vectoriser(tmp_path: Path) -> None:
    """A step from texts to texts is known by what it does to a text."""
    steps = fit(FunctionTransformer(np.char.strip), TfidfVectorizer(), LogisticRegression())
    [clean, tfidf, model] = steps
    add(tmp_path, {"tfidf": tfidf, "clean": clean, "model": model})
    assert scores(tmp_path) == expected(steps)


def test_a_cleaning_step_whose_texts_depend_on_each_other_is_refused(tmp_path: Path) -> None:
    """NumPy cuts a text that grows in lower case to the longest text of the call."""
    steps = fit(FunctionTransformer(np.char.lower), TfidfVectorizer(), LogisticRegression())
    with pytest.raises(UnusableModel, match="depend on the other texts of the call"):
        add(tmp_path, dict(zip(("clean", "tfidf", "model"), steps, strict=True)))


@pytest.mark.parametrize(
    ("labels", "values"),
    [(WORDS, [0, 0.5, 1]), ([5, 4, 1, 2, 3, 3, 5, 1], [0, 0.25, 0.5, 0.75, 1])],
)
@pytest.mark.parametrize("as_encoder", [True, False])
def test_the_encoder_of_the_labels_names_the_classes(
    tmp_path: Path, labels: Any, values: list[float], as_encoder: bool
) -> None:
    """The numbers that it gave to the classes say nothing; their names say what they are worth."""
    encoder = LabelEncoder().fit(labels)
    steps = fit(TfidfVectorizer(), LogisticRegression(), labels=encoder.transform(labels))
    held = {"model": steps[1], "vectorizer": steps[0]}
    held |= {"label_encoder": encoder} if as_encoder else {"classes": encoder.classes_.tolist()}
    added = add(tmp_path, held)
    assert added.classes == dict(zip(map(str, encoder.classes_), values, strict=True))
    assert added.card.options["class_names"] == encoder.classes_.tolist()
    assert scores(tmp_path) == expected(steps, values)
    assert "The classes are named:" in " ".join(added.notes)


def test_a_named_class_can_be_the_positive_one(tmp_path: Path) -> None:
    """`--positive` takes the name that the encoder gives."""
    encoder = LabelEncoder().fit(["ham", "spam"])
    steps = fit(TfidfVectorizer(), LogisticRegression())
    outputs = add(tmp_path, [*steps, encoder]).card.signature.outputs
    assert [one.name for one in outputs] == ["label", "probability_ham", "probability_spam"]
    add(tmp_path, [*steps, encoder], positive="ham")
    assert scores(tmp_path) == expected(steps, [1, 0])


VECTORIZER, MODEL = fit(TfidfVectorizer(), LogisticRegression())
SCALER = MinMaxScaler().fit([[0.0] * 3, [1.0] * 3])


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"v": VECTORIZER}, r"nothing in it predicts. It holds TfidfVectorizer \('v'\)"),
        ({}, "nothing in it predicts. It holds none of a model"),
        ({"a": MODEL, "b": MultinomialNB()}, "2 models: LogisticRegression .'a'., MultinomialNB"),
        ({"m": MODEL, "v": VECTORIZER, "clean": len}, "'clean'.*FunctionTransformer"),
        ({"m": MODEL, "v": VECTORIZER, "extra": {"n": SCALER}}, "'extra'.*not known"),
        ({"m": MODEL, "s": SCALER}, "MinMaxScaler .'s'. gives 3 numbers.*takes 8 numbers"),
        ({"m": MODEL, "v": VECTORIZER, "y_scaler": SCALER}, "TransformedTargetRegressor"),
        ({"m": MODEL, "v": VECTORIZER, "threshold": 0.3}, "FixedThresholdClassifier"),
        ({"m": MODEL, "v": VECTORIZER, "stop": ["a"]}, "'stop'.*under the key 'columns'"),
        ((VECTORIZER, MODEL, ["a", "b"]), "number 3.*save it in a dict under the key 'columns'"),
        ({"m": MODEL, "v": VECTORIZER, "sex": LabelEncoder().fit([1, 2])}, "OrdinalEncoder"),
        ((VECTORIZER, MODEL, LabelEncoder().fit(["a"])), "model are 0, 1, and those of .* are a"),
        ({"m": MODEL, "v": VECTORIZER, "classes": ["a", "b", "c"]}, "names 3 classes.* has 2"),
        (
            {
                "m": MODEL,
                "v": VECTORIZER,
                "classes": ["a", "b"],
                "le": LabelEncoder().fit(["c", "d"]),
            },
            "in different ways",
        ),
        ({"m": MODEL, "v": TfidfVectorizer()}, "not fitted. Save it after `fit`"),
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path: Path, held: Any, reason: str) -> None:
    """The message names what was found, and what to do; nothing is left in the folder."""
    with pytest.raises(UnusableModel, match=f"(?s){reason}"):
        add(tmp_path, held)
    assert not any((tmp_path / "models").glob("*"))


@pytest.mark.parametrize("dump", [joblib.dump, io.dump])
def test_a_vectoriser_and_a_model_in_two_files_are_joined(tmp_path: Path, dump: Any) -> None:
    """The command joins them; a model of skops stays one, so nothing of it is ever unpickled."""
    ending = "pkl" if dump is joblib.dump else "skops"
    steps = fit(TfidfVectorizer(), TruncatedSVD(3, random_state=0), LogisticRegression())
    paths = [tmp_path / f"{name}.{ending}" for name in ("tfidf", "svd", "model")]
    for step, path in zip(steps, paths, strict=True):
        dump(step, path)
    words = ["add-model", paths[2], "--name", "mine", "--output", tmp_path / "models"]
    words += ["--vectorizer", paths[0], "--preprocessor", paths[1]]
    result = CliRunner().invoke(cli, list(map(str, words)))
    assert result.exit_code == 0, result.output
    assert f"made of TfidfVectorizer (tfidf.{ending}), TruncatedSVD (svd" in result.stdout
    files = {path.name for path in (tmp_path / "models" / "mine").iterdir()}
    assert files == {f"model.{ending}", "card.json", "examples.json"}
    assert scores(tmp_path) == expected(steps)


def test_a_file_of_a_step_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The option and the file of the step are named, not the file of the model."""
    model, step = tmp_path / "model.pkl", tmp_path / "step.pkl"
    joblib.dump(MODEL, model)
    step.write_bytes(b"<html>")
    with pytest.raises(BadOption, match=r"vectorizer=.*step\.pkl cannot be used: .*web page"):
        add(tmp_path, model, vectorizer=[step])
    io.dump(VECTORIZER, tmp_path / "step.skops")
    with pytest.raises(BadOption, match=r"the model is a \.pkl file. Save both in the same way"):
        add(tmp_path, model, vectorizer=[tmp_path / "step.skops"])
    [other, _] = fit(TfidfVectorizer(max_features=3), LogisticRegression())
    joblib.dump(other, step)
    with pytest.raises(
        UnusableModel, match=r"\(step\.pkl\) gives 3 numbers for a row, and .* takes 8 numbers"
    ):
        add(tmp_path, model, vectorizer=[step])


def test_a_model_that_needs_no_step_is_not_given_one(tmp_path: Path) -> None:
    """A pipeline takes texts, which a vectoriser does not give."""
    joblib.dump(VECTORIZER, tmp_path / "tfidf.pkl")
    joblib.dump(make_pipeline(VECTORIZER, MODEL), tmp_path / "model.pkl")
    with pytest.raises(
        UnusableModel, match=r"gives 8 numbers for a row, and Pipeline .* takes texts"
    ):
        add(tmp_path, tmp_path / "model.pkl", vectorizer=[tmp_path / "tfidf.pkl"])


def test_a_regressor_in_parts_is_joined(tmp_path: Path) -> None:
    """A regressor has no classes to name."""
    steps = fit(TfidfVectorizer(), Ridge())
    add(tmp_path, steps)
    found = np.clip(Pipeline(list(zip("ab", steps, strict=True))).predict(NEW), 0, 1)
    assert scores(tmp_path) == pytest.approx(found, rel=0, abs=1e-12)
