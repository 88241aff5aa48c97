"""Explanations of XGBoost, LightGBM and CatBoost: the contributions of the libraries themselves."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
import joblib
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from shared.jobs.added_outputs import Explanation
from shared.model import Model, load_model
from training.add_model import add_model
from training.added.meaning import Meaning

LIBRARIES = ("xgboost", "lightgbm", "catboost")
SMALL: dict[str, dict[str, Any]] = {
    "xgboost": {"n_estimators": 20, "n_jobs": 1},
    "lightgbm": {"n_estimators": 20, "n_jobs": 1, "verbose": -1},
    "catboost": {"iterations": 20, "thread_count": 1, "verbose": 0, "allow_writing_files": False},
}
PREFIXES = {"xgboost": "XGB", "lightgbm": "LGBM", "catboost": "CatBoost"}
#: What each library rounds off of a sum, of the sizes of its numbers.
ROUNDED = {"xgboost": 5e-6, "lightgbm": 1e-13, "catboost": 1e-13}

RNG = np.random.default_rng(0)
ROWS = 400
FRAME = pd.DataFrame(
    {
        "age": RNG.normal(40, 12, ROWS).round(),
        "plan": pd.Series(RNG.choice(["basic", "plus", "pro"], ROWS), dtype=object),
        "income": np.where(RNG.random(ROWS) < 0.1, np.nan, RNG.lognormal(3, 1, ROWS)),
    }
)
NUMBERS = FRAME[["age", "income"]]
WORTH = FRAME["age"] / 20 + (FRAME["plan"] == "pro") * 2 - FRAME["income"].fillna(20) / 30
TARGETS: dict[str, Any] = {
    "two": (WORTH.median() < WORTH).astype(int).to_numpy(),
    "three": pd.qcut(WORTH, 3, labels=False).to_numpy(),
    "number": WORTH.to_numpy(),
}


def made(library: str, kind: str = "two", **options: Any) -> Any:
    name = PREFIXES[library] + ("Regressor" if kind == "number" else "Classifier")
    return getattr(importlib.import_module(library), name)(**{**SMALL[library], **options})


Served = Callable[..., Model]


@pytest.fixture
def served(tmp_path: Path) -> Served:
    """Saves an estimator, adds it, and loads it as a worker does."""

    def add(fitted: Any, **meaning: Any) -> Model:
        path = tmp_path / "theirs.joblib"
        joblib.dump(fitted, path)
        add_model(
            path, name="mine", output=tmp_path / "models", meaning=Meaning(**meaning), force=True
        )
        return load_model(tmp_path / "models" / "mine")

    return add


def own_figures(library: str, final: Any, rows: Any) -> tuple[Any, Any]:
    """What a library says by itself: contributions n x E x (F + 1), and raw numbers n x E."""
    if library == "xgboost":
        data = xgboost.DMatrix(rows, enable_categorical=True)
        parts = final.get_booster().predict(data, pred_contribs=True)
        raw = final.predict(rows, output_margin=True)
    elif library == "lightgbm":
        parts, raw = final.predict(rows, pred_contrib=True), final.predict(rows, raw_score=True)
    else:
        pool = catboost.Pool(rows, cat_features=final.get_cat_feature_indices())
        parts = final.get_feature_importance(pool, type="ShapValues")
        raw = final.predict(rows, prediction_type="RawFormulaVal")
    raw = np.asarray(raw, dtype=np.float64).reshape(len(raw), -1)
    return np.asarray(parts, dtype=np.float64).reshape(*raw.shape, -1), raw


def effects_of(found: pd.DataFrame, names: list[str]) -> Any:
    """The named effects of each row, by the order of the columns; 0 for those without one."""
    effects = np.zeros((len(found), len(names)))
    for place in range(1, len(names) + 1):
        for row, (name, effect) in enumerate(
            zip(found[f"explanation_{place}"], found[f"effect_{place}"], strict=True)
        ):
            if not pd.isna(name):
                effects[row, names.index(name)] = effect
    return effects


def check_adds_up(found: pd.DataFrame, raw: Any, parts: Any, library: str) -> None:
    named = [one for one in found if str(one).startswith("effect_")]
    total = found[[*named, "other_effects", "base_value"]].fillna(0).sum(axis=1)
    assert (np.abs(total - raw) <= ROUNDED[library] * np.abs(parts).sum(axis=1)).all()


def check_alone(model: Model, rows: pd.DataFrame, found: pd.DataFrame) -> None:
    """Check that a row has the same explanation whatever the batch, to the last bit."""
    names = [one.name for one in Explanation(terms=3).outputs]
    expected = found[names].astype(object)
    for size, count in ((1, 10), (7, 70)):
        cut = [model.explained(3).score(rows[at : at + size]) for at in range(0, count, size)]
        together = pd.concat(cut)[names].astype(object)
        pd.testing.assert_frame_equal(together, expected.head(count), check_exact=True)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_effects_are_the_librarys_own_contributions(
    served: Served, library: str, kind: str
) -> None:
    """Of the class with the largest number, with missing values; they add up to that number."""
    fitted = made(library, kind).fit(NUMBERS, TARGETS[kind])
    model = served(fitted)
    assert (model.explained_by, model.unexplained) == ("shapley", "")
    found, plain = model.explained(3).score(NUMBERS), model.score(NUMBERS)
    pd.testing.assert_frame_equal(found[plain.columns.tolist()], plain)
    every, raw = own_figures(library, fitted, NUMBERS)
    chosen = raw.argmax(axis=1)
    parts = every[np.arange(ROWS), chosen]
    assert np.array_equal(
        effects_of(found.assign(explanation_3=None), ["age", "income"]), parts[:, :-1]
    )
    assert np.array_equal(found["base_value"], parts[:, -1])
    assert (found["other_effects"] == 0).all()
    check_adds_up(found, raw.max(axis=1), parts, library)
    classes = {"two": ["1"] * ROWS, "three": list(map(str, chosen)), "number": [None] * ROWS}
    assert (
        found["explained_class"]
        .astype(object)
        .where(found["explained_class"].notna(), None)
        .tolist()
        == classes[kind]
    )
    if kind == "three":
        assert found["label"].astype(str).tolist() == classes[kind]
    check_alone(model, NUMBERS, found)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_log_odds_of_two_classes_become_the_probability(served: Served, library: str) -> None:
    fitted = made(library).fit(NUMBERS, TARGETS["two"])
    found = served(fitted).explained(1).score(NUMBERS)
    total = found[["effect_1", "other_effects", "base_value"]].fillna(0).sum(axis=1)
    np.testing.assert_allclose(1 / (1 + np.exp(-total)), found["probability_1"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("positive", ["0", "1"])
def test_a_positive_effect_raises_the_score(served: Served, library: str, positive: str) -> None:
    """Also where the score is the probability of the first class."""
    fitted = made(library).fit(NUMBERS, TARGETS["two"])
    found = served(fitted, positive=positive).explained(2).score(NUMBERS)
    total = found[["effect_1", "effect_2", "other_effects", "base_value"]].fillna(0).sum(axis=1)
    np.testing.assert_allclose(
        1 / (1 + np.exp(-total)), found["Sentiment_Score"], rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("sparse", [False, True])
def test_encoded_columns_count_for_their_source(served: Served, library: str, sparse: bool) -> None:
    """Behind a one-hot encoder in a pipeline; the matrix may be sparse."""
    encoder = make_column_transformer(
        (OneHotEncoder(sparse_output=sparse), ["plan"]),
        remainder="passthrough",
        sparse_threshold=1.0 if sparse else 0.0,
    )
    pipeline = make_pipeline(encoder, made(library)).fit(FRAME, TARGETS["two"])
    model = served(pipeline)
    found = model.explained(3).score(FRAME)
    derived = pipeline[0].transform(FRAME)
    assert hasattr(derived, "toarray") == sparse
    of = derived.toarray() if sparse and library == "lightgbm" else derived
    [parts] = own_figures(library, pipeline[-1], of)[0].transpose(1, 0, 2)
    sums = np.column_stack([parts[:, 3], parts[:, :3].sum(axis=1), parts[:, 4]])
    np.testing.assert_allclose(
        effects_of(found, ["age", "plan", "income"]), sums, rtol=1e-12, atol=1e-15
    )
    check_adds_up(found, own_figures(library, pipeline[-1], of)[1][:, 0], parts, library)
    check_alone(model, FRAME, found)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_columns_of_categories(served: Served, library: str, kind: str) -> None:
    """Those of pandas in XGBoost and LightGBM, and texts in CatBoost."""
    rows = FRAME
    if library != "catboost":
        rows = FRAME.assign(plan=FRAME["plan"].astype("category"))
    options = {"catboost": {"cat_features": ["plan"]}, "xgboost": {"enable_categorical": True}}
    fitted = made(library, kind, **options.get(library, {})).fit(rows, TARGETS[kind])
    model = served(fitted)
    found = model.explained(3).score(FRAME)
    every, raw = own_figures(library, fitted, rows)
    parts = every[np.arange(ROWS), raw.argmax(axis=1)]
    assert np.array_equal(effects_of(found, list(FRAME)), parts[:, :-1])
    check_adds_up(found, raw.max(axis=1), parts, library)
    check_alone(model, FRAME, found)


@pytest.mark.parametrize(
    ("library", "name"), [("xgboost", "m.ubj"), ("lightgbm", "m.txt"), ("catboost", "m.cbm")]
)
def test_the_files_of_the_libraries_are_explained(tmp_path: Path, library: str, name: str) -> None:
    rows, options = FRAME.assign(plan=FRAME["plan"].astype("category")), {}
    if library == "catboost":
        rows, options = FRAME, {"cat_features": ["plan"]}
    if library == "xgboost":
        options = {"enable_categorical": True}
    fitted = made(library, "three", **options).fit(rows, TARGETS["three"])
    (fitted.booster_ if library == "lightgbm" else fitted).save_model(str(tmp_path / name))
    add_model(tmp_path / name, name="mine", output=tmp_path / "models")
    model = load_model(tmp_path / "models" / "mine")
    assert model.explained_by == "shapley"
    found = model.explained(3).score(FRAME)
    every, raw = own_figures(library, fitted, rows)
    parts = every[np.arange(ROWS), raw.argmax(axis=1)]
    assert np.array_equal(effects_of(found, list(FRAME)), parts[:, :-1])


def test_only_the_trees_that_score_are_explained(served: Served) -> None:
    """A fit that was stopped early scores by its best trees."""
    early = made("xgboost", n_estimators=200, early_stopping_rounds=2, learning_rate=0.9)
    early.fit(
        NUMBERS[:200],
        TARGETS["two"][:200],
        eval_set=[(NUMBERS[200:], TARGETS["two"][200:])],
        verbose=False,
    )
    assert early.best_iteration + 1 < early.get_booster().num_boosted_rounds()
    found = served(early).explained(2).score(NUMBERS)
    total = found[["effect_1", "effect_2", "base_value"]].fillna(0).sum(axis=1)
    np.testing.assert_allclose(total, early.predict(NUMBERS, output_margin=True), atol=1e-5)


def test_columns_of_texts_in_catboost(served: Served) -> None:
    texts = np.where(TARGETS["two"] == 1, "a good film indeed", "a bad film indeed")
    rows = FRAME[["age"]].assign(review=pd.Series(texts, dtype=object))
    fitted = made("catboost", text_features=["review"]).fit(rows, TARGETS["two"])
    found = served(fitted).explained(2).score(rows)
    total = found[["effect_1", "effect_2", "base_value"]].fillna(0).sum(axis=1)
    raw = fitted.predict(rows, prediction_type="RawFormulaVal")
    np.testing.assert_allclose(total, raw, rtol=1e-12)
    assert "review" in set(found["explanation_1"])


def test_inside_a_search(served: Served) -> None:
    search = GridSearchCV(made("lightgbm"), {"max_depth": [2, 3]}, cv=2)
    search.fit(NUMBERS, TARGETS["two"])
    assert served(search).explained_by == "shapley"


@pytest.mark.parametrize(
    ("library", "options", "by"),
    [
        ("xgboost", {"booster": "gblinear"}, "linear"),
        ("xgboost", {"booster": "dart", "rate_drop": 0.5}, "shapley"),
        ("xgboost", {"num_parallel_tree": 3, "subsample": 0.5}, "shapley"),
        ("lightgbm", {"boosting_type": "dart"}, "shapley"),
        ("lightgbm", {"objective": "multiclassova"}, "shapley"),
        ("catboost", {"loss_function": "MultiClassOneVsAll"}, "shapley"),
    ],
)
def test_other_boosters_whose_contributions_are_exact(
    served: Served, library: str, options: dict[str, Any], by: str
) -> None:
    fitted = made(library, "three", **options).fit(NUMBERS, TARGETS["three"])
    model = served(fitted)
    assert model.explained_by == by
    found = model.explained(3).score(NUMBERS)
    every, raw = own_figures(library, fitted, NUMBERS)
    check_adds_up(found, raw.max(axis=1), every[np.arange(ROWS), raw.argmax(axis=1)], library)


@pytest.mark.parametrize(
    ("library", "kind", "options", "reason"),
    [
        ("xgboost", "three", {"multi_strategy": "multi_output_tree"}, "trees of several outputs"),
        ("xgboost", "two", {"objective": "binary:hinge"}, "binary:hinge has no log-odds"),
        (
            "lightgbm",
            "number",
            {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
            "forest of LightGBM",
        ),
        ("lightgbm", "number", {"linear_tree": True}, "linear trees"),
        ("lightgbm", "two", {"sigmoid": 2.0}, "its sigmoid is 2"),
        ("lightgbm", "two", {"pred_early_stop": True}, "pred_early_stop"),
        ("catboost", "two", {"grow_policy": "Depthwise"}, "not symmetric"),
        ("catboost", "number", {"grow_policy": "Lossguide"}, "not symmetric"),
        ("catboost", "two", {"loss_function": "MultiClass"}, "2 numbers for 2 classes"),
    ],
)
def test_what_the_library_does_not_explain_is_refused_with_the_reason(
    served: Served, library: str, kind: str, options: dict[str, Any], reason: str
) -> None:
    """It is served all the same."""
    model = served(made(library, kind, **options).fit(NUMBERS, TARGETS[kind]))
    assert model.explained_by == ""
    assert reason in model.unexplained
    with pytest.raises(ValueError, match=f"cannot be explained: .*{reason}"):
        model.explained(2)
    assert len(model.score(NUMBERS)) == ROWS


@pytest.mark.parametrize("library", ["xgboost", "catboost"])
def test_several_outputs_are_refused(served: Served, library: str) -> None:
    options = {"loss_function": "MultiRMSE"} if library == "catboost" else {}
    both = np.column_stack([WORTH, FRAME["age"]])
    model = served(made(library, "number", **options).fit(NUMBERS, both))
    assert model.unexplained == "it has several outputs"


def test_a_step_that_mixes_columns_is_refused_with_its_name(served: Served) -> None:
    rows = NUMBERS.fillna(0)
    fitted = make_pipeline(PCA(2), made("lightgbm")).fit(rows, TARGETS["two"])
    assert served(fitted).unexplained == "PCA makes columns of several others"


def test_contributions_that_do_not_add_up_are_an_error_of_the_row(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were a version of a library to explain other numbers than it scores by."""
    model = served(made("xgboost").fit(NUMBERS, TARGETS["two"])).explained(2)
    own = xgboost.Booster.predict

    def off(*args: Any, **options: Any) -> Any:
        return own(*args, **options) * 1.01

    monkeypatch.setattr(xgboost.Booster, "predict", off)
    with pytest.raises(ValueError, match="do not add up"):
        model.score(NUMBERS)
