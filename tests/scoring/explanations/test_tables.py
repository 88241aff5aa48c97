"""Explanations of estimators of tables: effects by the user's column that add up."""

import itertools
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from shared.jobs.added_outputs import Explanation
from shared.model import load_model
from shared.tables.trial_rows import trial_rows
from training.add_model import add_model

RNG = np.random.default_rng(0)
ROWS = 300
FRAME = pd.DataFrame(
    {
        "age": RNG.normal(40, 12, ROWS).round(),
        "plan": RNG.choice(["basic", "plus", "pro"], ROWS),
        "income": np.where(RNG.random(ROWS) < 0.1, np.nan, RNG.lognormal(3, 1, ROWS)),
    }
)
SCORE = FRAME["age"] / 20 + (FRAME["plan"] == "pro") * 2 - FRAME["income"].fillna(20) / 30
TWO = np.where(SCORE.median() < SCORE, "yes", "no")
THREE = pd.cut(SCORE, 3, labels=["low", "middle", "top"]).astype(str).to_numpy()
KINDS = {"two": TWO, "three": THREE, "number": SCORE.to_numpy()}


def prepared(*, dense: bool = False) -> Any:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    words = OneHotEncoder(handle_unknown="ignore", sparse_output=not dense)
    return make_column_transformer((numbers, ["income", "age"]), (words, ["plan"]))


def ordinal() -> Any:
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return make_column_transformer(
        (encoder, ["plan"]), (SimpleImputer(), ["age", "income"]), remainder="drop"
    )


CASES: list[tuple[str, Any, Any, str]] = [
    ("linear", prepared(), LogisticRegression(), "two"),
    ("linear", prepared(dense=True), LogisticRegression(), "three"),
    ("linear", prepared(), Ridge(), "number"),
    ("tree", ordinal(), DecisionTreeClassifier(max_depth=4, random_state=0), "two"),
    ("tree", ordinal(), DecisionTreeRegressor(max_depth=4, random_state=0), "number"),
    ("tree", prepared(), RandomForestClassifier(7, random_state=0), "two"),
    ("tree", prepared(), RandomForestClassifier(7, random_state=0), "three"),
    ("tree", prepared(), RandomForestRegressor(7, random_state=0), "number"),
    ("tree", ordinal(), ExtraTreesClassifier(7, random_state=0), "two"),
    ("tree", ordinal(), GradientBoostingClassifier(n_estimators=9, random_state=0), "two"),
    ("tree", ordinal(), GradientBoostingClassifier(n_estimators=9, random_state=0), "three"),
    ("tree", ordinal(), GradientBoostingRegressor(n_estimators=9, random_state=0), "number"),
    ("tree", ordinal(), HistGradientBoostingClassifier(max_iter=9, random_state=0), "two"),
    ("tree", None, HistGradientBoostingClassifier(max_iter=9, random_state=0), "three"),
    ("tree", None, HistGradientBoostingRegressor(max_iter=9, random_state=0), "number"),
]


def raw_numbers(pipeline: Any, frame: pd.DataFrame) -> Any:
    """What scikit-learn gives before a link: n numbers, or n x K."""
    final = pipeline[-1]
    if isinstance(final, HistGradientBoostingRegressor | GradientBoostingRegressor):
        return pipeline.predict(frame)
    if hasattr(final, "decision_function"):
        return pipeline.decision_function(frame)
    if hasattr(final, "predict_proba"):
        found = pipeline.predict_proba(frame)
        return found[:, 1] if found.shape[1] == 2 else found
    return pipeline.predict(frame)


def total(found: pd.DataFrame, terms: int) -> "pd.Series[Any]":
    effects = [f"effect_{at + 1}" for at in range(terms)]
    return found[[*effects, "other_effects", "base_value"]].sum(axis=1)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(("by", "before", "final", "kind"), CASES)
def test_effects_add_up_to_the_raw_output(
    by: str, before: Any, final: Any, kind: str, tmp_path: Path
) -> None:
    """The base value, the named effects and the others: for linear models and for trees."""
    frame = FRAME
    if before is None:
        categories = pd.CategoricalDtype(["basic", "plus", "pro"])
        frame = FRAME.assign(plan=FRAME["plan"].astype(categories))
        final = type(final)(**{**final.get_params(), "categorical_features": [False, True, False]})
        frame = frame.assign(plan=frame["plan"].cat.codes.astype(float))
    steps = [final] if before is None else [before, final]
    pipeline = make_pipeline(*steps).fit(frame, KINDS[kind])
    joblib.dump(pipeline, tmp_path / "made.pkl")
    add_model(tmp_path / "made.pkl", name="mine", output=tmp_path)
    model = load_model(tmp_path / "mine")
    assert model.explained_by == by
    rows = frame[[one.name for one in model.card.signature.inputs]]
    found = model.explained(2).score(rows)
    plain = model.score(rows)
    pd.testing.assert_frame_equal(found[plain.columns.tolist()], plain)
    raw = raw_numbers(pipeline, frame)
    if raw.ndim == 2:
        expected = [str(one) for one in pipeline.classes_[raw.argmax(axis=1)]]
        assert found["explained_class"].tolist() == expected
        raw = raw.max(axis=1)
    elif kind == "two":
        assert set(found["explained_class"]) == {"yes"}
    np.testing.assert_allclose(total(found, 2), raw, atol=1e-9)
    named = set(found["explanation_1"].dropna()) | set(found["explanation_2"].dropna())
    assert named <= set(FRAME)
    # An explanation depends on its row alone.
    names = [one.name for one in Explanation(terms=2).outputs]
    alone = pd.concat([model.explained(2).score(rows.iloc[at : at + 1]) for at in range(20)])
    pd.testing.assert_frame_equal(
        alone[names].astype(object), found[names].head(20).astype(object), check_exact=True
    )


def test_linear_effects_are_weight_times_value(tmp_path: Path) -> None:
    """The columns that were made of one of the user's count for that one."""
    pipeline = make_pipeline(prepared(dense=True), LogisticRegression()).fit(FRAME, TWO)
    joblib.dump(pipeline, tmp_path / "made.pkl")
    add_model(tmp_path / "made.pkl", name="mine", output=tmp_path)
    found = load_model(tmp_path / "mine").explained(3).score(FRAME)
    cells = pipeline[0].transform(FRAME) * pipeline[-1].coef_[0]
    for at in range(30):
        by_name = {"income": cells[at, 0], "age": cells[at, 1], "plan": cells[at, 2:].sum()}
        shown = {
            found.loc[at, f"explanation_{place}"]: found.loc[at, f"effect_{place}"]
            for place in (1, 2, 3)
        }
        assert shown == pytest.approx(by_name, abs=1e-12)
        sizes = [abs(one) for one in shown.values()]
        assert sizes == sorted(sizes, reverse=True)


def test_a_tree_is_explained_by_the_change_at_each_split(tmp_path: Path) -> None:
    """Saabas's path attribution, computed here node by node."""
    tree = DecisionTreeRegressor(max_depth=3, random_state=0)
    pipeline = make_pipeline(ordinal(), tree).fit(FRAME, SCORE)
    joblib.dump(pipeline, tmp_path / "made.pkl")
    add_model(tmp_path / "made.pkl", name="mine", output=tmp_path)
    found = load_model(tmp_path / "mine").explained(3).score(FRAME)
    cells, nodes = pipeline[0].transform(FRAME), pipeline[-1].tree_
    for at, path in enumerate(nodes.decision_path(cells.astype(np.float32)).toarray()[:40]):
        effects = dict.fromkeys(["plan", "age", "income"], 0.0)
        on_path = np.flatnonzero(path)
        for node, child in itertools.pairwise(on_path):
            name = ["plan", "age", "income"][nodes.feature[node]]
            effects[name] += nodes.value[child, 0, 0] - nodes.value[node, 0, 0]
        shown = {
            found.loc[at, f"explanation_{place}"]: found.loc[at, f"effect_{place}"]
            for place in (1, 2, 3)
            if not pd.isna(found.loc[at, f"explanation_{place}"])
        }
        assert shown == pytest.approx({n: e for n, e in effects.items() if e}, abs=1e-9)


def test_a_step_that_mixes_columns_is_not_explained(tmp_path: Path) -> None:
    """A principal component is of no column of the user's."""
    frame = FRAME[["age"]].assign(months=np.arange(ROWS) % 17.0)
    pipeline = make_pipeline(PCA(2), LogisticRegression()).fit(frame, TWO)
    joblib.dump(pipeline, tmp_path / "made.pkl")
    add_model(tmp_path / "made.pkl", name="mine", output=tmp_path)
    model = load_model(tmp_path / "mine")
    assert model.explained_by == ""
    with pytest.raises(ValueError, match="cannot be explained"):
        model.explained(2)
    assert len(model.score(trial_rows(model, 3))) == 3
