"""Of which column of the user's each derived column is."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from scoring.explanations.source_columns import ManySources
from scoring.explanations.tables import table_explainer
from shared.model import load_model
from training.add_model import add_model

RNG = np.random.default_rng(0)
ROWS = 300

#: The plan alone decides each target.
FRAME = pd.DataFrame(
    {
        "floor": RNG.choice(["first", "second"], ROWS),
        "town": RNG.choice(["here", "there", "nowhere"], ROWS),
        "plan": RNG.choice(["basic", "plus", "pro"], ROWS),
    }
)
TARGETS = {
    "two": np.where(FRAME["plan"] == "pro", "yes", "no"),
    "three": FRAME["plan"].to_numpy(),
    "number": FRAME["plan"].str.len().to_numpy() + 0.5,
}

NUMBERS = pd.DataFrame({"age": RNG.normal(40, 12, ROWS), "income": RNG.normal(20, 5, ROWS)})


def explained(pipeline: Any, room: Path) -> pd.DataFrame:
    joblib.dump(pipeline, room / "made.pkl")
    add_model(room / "made.pkl", name="mine", output=room)
    return load_model(room / "mine").explained(3).score(FRAME)


@pytest.mark.parametrize(
    ("final", "target"),
    [
        (DecisionTreeClassifier(random_state=0), "two"),
        (DecisionTreeClassifier(random_state=0), "three"),
        (DecisionTreeRegressor(random_state=0), "number"),
        (LogisticRegression(), "three"),
        (Ridge(), "number"),
    ],
)
def test_an_encoded_target_counts_for_the_column_that_was_encoded(
    final: Any, target: str, tmp_path: Path
) -> None:
    """A target of three classes makes three columns of each: the three count for the one."""
    pipeline = make_pipeline(TargetEncoder(), final).fit(FRAME, TARGETS[target])
    found = explained(pipeline, tmp_path)
    assert set(found["explanation_1"]) == {"plan"}


def test_the_effects_of_the_classes_of_an_encoded_target_are_summed(tmp_path: Path) -> None:
    """The effect of a column is the sum over its columns, by the names that scikit-learn gives."""
    pipeline = make_pipeline(TargetEncoder(), LogisticRegression())
    pipeline.fit(FRAME, TARGETS["three"])
    found = explained(pipeline, tmp_path)
    encoded, final = pipeline[0].transform(FRAME), pipeline[-1]
    cells = encoded * final.coef_[final.decision_function(encoded).argmax(axis=1)]
    names = [name.rsplit("_", 1)[0] for name in pipeline[0].get_feature_names_out()]
    for at in range(30):
        expected = dict.fromkeys(FRAME, 0.0)
        for name, cell in zip(names, cells[at], strict=True):
            expected[name] += cell
        shown = {
            found.loc[at, f"explanation_{place}"]: found.loc[at, f"effect_{place}"]
            for place in (1, 2, 3)
        }
        assert shown == pytest.approx(expected, abs=1e-12)


class Twice(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Has the marks of a transformer that makes a column of each, and makes two."""

    def fit(self, X: Any, y: Any = None) -> "Twice":  # noqa: N803
        self.n_features_in_ = np.shape(X)[1]
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803
        return np.repeat(np.asarray(X, dtype=np.float64), 2, axis=1)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    "after",
    [
        [Ridge()],
        [DecisionTreeRegressor(max_depth=3)],
        [HistGradientBoostingRegressor(max_iter=3)],
        [StandardScaler(), Ridge()],
        [make_pipeline(StandardScaler()), Ridge()],
    ],
)
def test_steps_that_make_another_number_of_columns_are_not_explained(after: list[Any]) -> None:
    """If the next step takes another number of columns than are known, no column is named."""
    pipeline = make_pipeline(Twice(), *after).fit(NUMBERS, NUMBERS["age"])
    with pytest.raises(ManySources, match="takes 4 columns, and 2 are known"):
        table_explainer(pipeline, list(NUMBERS), turned=False)
