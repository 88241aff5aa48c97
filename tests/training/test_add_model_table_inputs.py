"""The columns that an added estimator takes: names, types and gaps, found out or told."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from support.added_tables import frame_for, piped
from support.passengers import FATES, NUMBERS, PASSENGERS

from shared.errors.input import BadOption
from shared.errors.model import UnusableModel
from shared.signature import Input

TITANIC = (
    Input(name="sex", type="string", required=False),
    Input(name="age", type="double", required=False),
    Input(name="cabin", type="long"),
    Input(name="alone", type="boolean"),
    Input(name="fare", type="double", required=False),
    Input(name="name", type="string"),
    Input(name="deck", type="string", required=False),
)


def test_the_inputs_follow_from_the_fitted_steps(add):
    """Names, types and gaps are known from the steps; a column that no step reads is no input."""
    added, _ = add(piped(LogisticRegression()))
    assert added.card.signature.inputs == TITANIC
    assert added.sources["age"] == "SimpleImputer"
    assert added.sources["outputs"] == "classes_, predict_proba, predict"
    assert not added.proof
    assert len(added.examples) == 5


def test_missing_values_reach_trees_and_categories(add):
    """Columns with gaps that a model was fitted to are not required, and score as there."""
    rows = PASSENGERS[["sex", "age", "deck"]]
    typed = rows.astype({"sex": "category", "deck": "category"})
    estimator = HistGradientBoostingClassifier(max_iter=3).fit(typed, FATES)
    added, model = add(estimator)
    assert [(one.type, one.required) for one in added.card.signature.inputs] == [
        ("string", False),
        ("double", False),
        ("string", False),
    ]
    scored = model.score(frame_for(model))
    np.testing.assert_array_equal(scored.iloc[:, 1:], estimator.predict_proba(typed))


def test_a_missing_value_that_was_none_stays_none(add):
    """None and NaN are two categories to an encoder; a gap becomes the one of the fit."""
    rows = pd.DataFrame({"deck": pd.Series(["A", None, "B", None] * 20, dtype=object)})
    estimator = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(rows, FATES)
    added, model = add(estimator)
    assert not added.card.signature.inputs[0].required
    scored = model.score(pd.DataFrame({"deck": ["A", np.nan]}, dtype=object))
    expected = estimator.predict_proba(pd.DataFrame({"deck": ["A", None]}, dtype=object))
    np.testing.assert_array_equal(scored.iloc[:, 1:], expected)


def test_columns_of_an_array_are_named_by_their_place(add, tmp_path):
    """An estimator that was fitted to an array takes x0, x1, or the names that the user gives."""
    estimator = LogisticRegression().fit(NUMBERS.to_numpy(), FATES)
    added, model = add(estimator)
    assert [one.name for one in added.card.signature.inputs] == ["x0", "x1"]
    expected = estimator.predict_proba(NUMBERS.to_numpy())
    scored = model.score(NUMBERS.set_axis(["x0", "x1"], axis=1))
    np.testing.assert_array_equal(scored.iloc[:, 1:], expected)
    NUMBERS.to_csv(tmp_path / "rows.csv", index=False)
    for meaning in ({"example": tmp_path / "rows.csv"}, {"inputs": "cabin:double,fare:double"}):
        added, model = add(estimator, **meaning)
        assert [one.name for one in added.card.signature.inputs] == ["cabin", "fare"]
        np.testing.assert_array_equal(model.score(NUMBERS).iloc[:, 1:], expected)
    with pytest.raises(UnusableModel, match=r"an array of 2 columns, and 1 are named"):
        add(estimator, inputs="cabin:double")


def test_many_columns_without_names_are_hardly_a_table(add):
    """A classifier alone that was fitted to what a vectoriser gives is refused, with advice."""
    wide = np.zeros((len(FATES), 101))
    with pytest.raises(UnusableModel, match=r"101 columns without names.*in one pipeline"):
        add(LogisticRegression().fit(wide, FATES))


def shouted(frame):
    return frame.apply(lambda column: column.str.len())


OWN_STEP = make_pipeline(
    ColumnTransformer(
        [("own", FunctionTransformer(shouted), ["name"]), ("rest", "passthrough", ["fare"])]
    ),
    LogisticRegression(),
).fit(PASSENGERS, FATES)


def test_a_type_that_cannot_be_known_is_asked_for(add, tmp_path):
    """A function may take any type: nothing is guessed, and either option tells it."""
    with pytest.raises(UnusableModel, match=r"name \(FunctionTransformer may.*--example.*--inputs"):
        add(OWN_STEP)
    PASSENGERS.to_csv(tmp_path / "rows.csv", index=False)
    for meaning in ({"example": tmp_path / "rows.csv"}, {"inputs": "name:string"}):
        added, model = add(OWN_STEP, **meaning)
        assert [(one.name, one.type) for one in added.card.signature.inputs] == [
            ("fare", "double"),
            ("name", "string"),
        ]
        scored = model.score(frame_for(model))
        np.testing.assert_array_equal(scored.iloc[:, 1:], OWN_STEP.predict_proba(PASSENGERS))


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ("age:string", "its SimpleImputer was fitted to double"),
        ("sex:long", "its OneHotEncoder was fitted to string"),
        ("height:double", "not fitted to a column height, but to ticket, sex"),
    ],
)
def test_what_a_user_says_may_not_contradict_the_fit(add, inputs, reason):
    """A wrong type or name is refused, because values would be read in a wrong way."""
    with pytest.raises(BadOption, match=reason):
        add(piped(LogisticRegression()), inputs=inputs)


def test_what_a_user_says_of_a_column_comes_first(add):
    """A column that the steps take for one that may have gaps can be required."""
    added, _ = add(piped(LogisticRegression()), inputs="age:long,sex:string")
    assert added.card.signature.inputs[0] == Input(name="sex", type="string")
    assert added.card.signature.inputs[1] == Input(name="age", type="long")
    assert added.sources["age"] == "--inputs"
