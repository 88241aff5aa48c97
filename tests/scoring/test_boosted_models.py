"""XGBoost, LightGBM and CatBoost through their classes for scikit-learn."""

import importlib

import joblib
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from shared.errors.model import UnusableModel
from shared.model import load_model
from training.add_model import add_model
from training.added.meaning import Meaning

LIBRARIES = ("xgboost", "lightgbm", "catboost")

SMALL = {
    "xgboost": {"n_estimators": 10, "n_jobs": 4},
    "lightgbm": {"n_estimators": 10, "n_jobs": 4, "verbose": -1},
    "catboost": {"iterations": 10, "thread_count": 4, "verbose": 0, "allow_writing_files": False},
}
PREFIXES = {"xgboost": "XGB", "lightgbm": "LGBM", "catboost": "CatBoost"}


def estimator(library, kind="Classifier", **options):
    module = importlib.import_module(library)
    return getattr(module, PREFIXES[library] + kind)(**SMALL[library], **options)


@pytest.fixture(scope="module")
def rows():
    """300 rows with numbers, of which some are missing, and categories."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 20, 300),
            "visits": rng.integers(0, 9, 300).astype(float),
            "sex": pd.Series(rng.choice(["m", "f", "x"], 300), dtype=object),
        }
    )
    frame.loc[::7, "age"] = np.nan
    return frame


@pytest.fixture(scope="module")
def labels(rows):
    return ((rows["age"].fillna(30) > 40) ^ (rows["sex"] == "m")).astype(int).to_numpy()


@pytest.fixture
def served(tmp_path):
    """Saves an estimator, adds it, and loads it as a worker does."""

    def add(fitted, **meaning):
        joblib.dump(fitted, tmp_path / "theirs.joblib")
        add_model(
            tmp_path / "theirs.joblib",
            name="mine",
            output=tmp_path / "models",
            meaning=Meaning(**meaning),
            force=True,
        )
        return load_model(tmp_path / "models" / "mine")

    return add


def probabilities(model, rows):
    return model.score(rows).filter(like="probability_").to_numpy()


@pytest.mark.parametrize("library", LIBRARIES)
def test_probabilities_are_the_models_own(served, rows, labels, library):
    """To the last bit, with missing numbers, and for each row alone."""
    numbers = rows[["age", "visits"]]
    fitted = estimator(library).fit(numbers, labels)
    model = served(fitted)
    assert [(one.name, one.type, one.required) for one in model.card.signature.inputs] == [
        ("age", "double", False),
        ("visits", "double", False),
    ]
    assert np.array_equal(probabilities(model, numbers), fitted.predict_proba(numbers))
    assert model.score(numbers)["label"].tolist() == fitted.predict(numbers).tolist()
    alone = [probabilities(model, numbers.iloc[i : i + 1]) for i in range(20)]
    assert np.array_equal(np.concatenate(alone), fitted.predict_proba(numbers.head(20)))


@pytest.mark.parametrize("library", LIBRARIES)
def test_three_classes_and_regressions(served, rows, library):
    numbers = rows[["age", "visits"]]
    three = rows["visits"].astype(int).to_numpy() % 3
    fitted = estimator(library).fit(numbers, three)
    model = served(fitted)
    assert np.array_equal(probabilities(model, numbers), fitted.predict_proba(numbers))
    assert model.score(numbers)["label"].tolist() == fitted.predict(numbers).ravel().tolist()
    price = estimator(library, "Regressor").fit(numbers, rows["visits"] * 1000)
    found = served(price).score(numbers)
    assert list(found.columns) == ["prediction"]
    assert np.array_equal(found["prediction"], price.predict(numbers).astype(np.float64))


@pytest.mark.parametrize("library", LIBRARIES)
def test_in_a_pipeline_and_in_a_search(served, rows, labels, library):
    encoder = make_column_transformer((OneHotEncoder(), ["sex"]), remainder="passthrough")
    fitted = make_pipeline(encoder, estimator(library)).fit(rows, labels)
    assert np.array_equal(probabilities(served(fitted), rows), fitted.predict_proba(rows))
    numbers = rows[["age", "visits"]]
    if library != "catboost":  # its estimators cannot be cloned with their number of threads
        search = GridSearchCV(estimator(library), {"max_depth": [2, 3]}, cv=2).fit(numbers, labels)
        model = served(search)
        assert np.array_equal(probabilities(model, numbers), search.predict_proba(numbers))


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_texts_become_the_categories_of_the_fit(served, rows, labels, library):
    """Whichever categories a part of the rows happens to have, and in whichever order."""
    options = {"enable_categorical": True} if library == "xgboost" else {}
    categories = rows.assign(sex=rows["sex"].astype("category"))
    fitted = estimator(library, **options).fit(categories, labels)
    model = served(fitted)
    assert model.card.signature.inputs[2].type == "string"
    assert np.array_equal(probabilities(model, rows), fitted.predict_proba(categories))
    only_x = rows[rows["sex"] == "x"]
    expected = fitted.predict_proba(categories[categories["sex"] == "x"])
    assert np.array_equal(probabilities(model, only_x), expected)
    missing = rows.head(3).assign(sex=pd.Series([np.nan] * 3, dtype=object))
    without = categories.head(3).assign(sex=categories["sex"].head(3).where([False] * 3))
    assert np.array_equal(probabilities(model, missing), fitted.predict_proba(without))


def test_xgboost_refuses_an_unknown_category_as_it_does_by_itself(served, rows, labels):
    """The row gets an error; it is not scored as if it had no category."""
    categories = rows.assign(sex=rows["sex"].astype("category"))
    model = served(estimator("xgboost", enable_categorical=True).fit(categories, labels))
    with pytest.raises(
        ValueError, match="sex has a category to which the estimator was not fitted"
    ):
        model.score(rows.head(3).assign(sex=pd.Series(["m", "new", "f"], dtype=object)))


def test_lightgbm_takes_an_unknown_category_for_a_missing_one(served, rows, labels):
    """As it does by itself."""
    categories = rows.assign(sex=rows["sex"].astype("category"))
    fitted = estimator("lightgbm").fit(categories, labels)
    unknown = rows.head(3).assign(sex=pd.Series(["new"] * 3, dtype=object))
    expected = fitted.predict_proba(unknown.assign(sex=unknown["sex"].astype("category")))
    assert np.array_equal(probabilities(served(fitted), unknown), expected)


def test_catboost_takes_texts_as_they_are(served, rows, labels):
    """They may not be missing: CatBoost raises for them."""
    fitted = estimator("catboost", cat_features=["sex"]).fit(rows, labels)
    model = served(fitted)
    inputs = [(one.type, one.required) for one in model.card.signature.inputs]
    assert inputs == [("double", False), ("double", False), ("string", True)]
    assert np.array_equal(probabilities(model, rows), fitted.predict_proba(rows))


@pytest.mark.parametrize("library", LIBRARIES)
def test_fitted_to_an_array_its_columns_are_numbered(served, rows, labels, library):
    numbers = rows[["age", "visits"]]
    fitted = estimator(library).fit(numbers.to_numpy(), labels)
    model = served(fitted)
    named = numbers.set_axis(["x0", "x1"], axis=1)
    assert np.array_equal(probabilities(model, named), fitted.predict_proba(numbers.to_numpy()))


def test_categories_that_the_file_does_not_hold_are_refused(served, rows, labels, monkeypatch):
    """XGBoost before 3.1 kept none: the codes of an upload's own categories would mean others."""
    categories = rows.assign(sex=rows["sex"].astype("category"))
    fitted = estimator("xgboost", enable_categorical=True).fit(categories, labels)
    monkeypatch.delattr(xgboost.Booster, "get_categories")
    with pytest.raises(UnusableModel, match="does not hold the categories"):
        served(fitted)


@pytest.fixture
def from_file(tmp_path):
    def add(name):
        add_model(tmp_path / name, name="mine", output=tmp_path / "models", force=True)
        return load_model(tmp_path / "models" / "mine")

    return add


@pytest.mark.parametrize(
    ("library", "name"),
    [
        ("xgboost", "m.ubj"),
        ("xgboost", "m.json"),
        ("lightgbm", "m.txt"),
        ("catboost", "m.cbm"),
    ],
)
@pytest.mark.parametrize("classes", [2, 3, 0])
def test_the_files_of_the_libraries_are_served(from_file, rows, tmp_path, library, name, classes):
    """Two classes, three, and a regression (0). The names of the columns are in the files."""
    numbers = rows[["age", "visits"]]
    if classes:
        labels = rows["visits"].astype(int).to_numpy() % classes
        fitted = estimator(library).fit(numbers, labels)
        expected = fitted.predict_proba(numbers)
    else:
        fitted = estimator(library, "Regressor").fit(numbers, rows["visits"] * 1000)
        expected = fitted.predict(numbers)[:, None]
    (fitted.booster_ if library == "lightgbm" else fitted).save_model(str(tmp_path / name))
    model = from_file(name)
    assert [one.name for one in model.card.signature.inputs] == ["age", "visits"]
    scored = model.score(numbers)
    assert np.array_equal(scored.drop(columns="label", errors="ignore").to_numpy(), expected)
    if classes:
        assert scored["label"].tolist() == fitted.predict(numbers).ravel().tolist()


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_categories_in_the_files_of_the_libraries(from_file, rows, labels, tmp_path, library):
    categories = rows.assign(sex=rows["sex"].astype("category"))
    options = {"enable_categorical": True} if library == "xgboost" else {}
    fitted = estimator(library, **options).fit(categories, labels)
    name = "m.ubj" if library == "xgboost" else "m.txt"
    (fitted.booster_ if library == "lightgbm" else fitted).save_model(str(tmp_path / name))
    assert np.array_equal(probabilities(from_file(name), rows), fitted.predict_proba(categories))


def test_a_model_that_ranks_is_refused(from_file, rows, labels, tmp_path):
    """Its numbers only order the rows of one query."""
    numbers = rows[["age", "visits"]]
    ranker = xgboost.XGBRanker(n_estimators=2).fit(numbers, labels, qid=np.arange(300) // 10)
    ranker.save_model(tmp_path / "m.ubj")
    with pytest.raises(UnusableModel, match="rank:ndcg gives no numbers for rows by themselves"):
        from_file("m.ubj")


@pytest.mark.parametrize(
    ("library", "name"), [("xgboost", "m.ubj"), ("lightgbm", "m.txt"), ("catboost", "m.cbm")]
)
def test_a_cut_file_is_refused(from_file, rows, labels, tmp_path, library, name):
    fitted = estimator(library).fit(rows[["age", "visits"]], labels)
    (fitted.booster_ if library == "lightgbm" else fitted).save_model(str(tmp_path / name))
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(UnusableModel, match=r"cannot read it"):
        from_file(name)
