import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from support.passengers import FATES

from shared.model import load_model
from shared.signature import Input
from training.add_model import add_model


def test_an_encoder_of_times(tmp_path):
    """A column whose categories are times takes times, and not their nanoseconds."""
    days = pd.to_datetime(["2020-01-01", "2020-06-30 22:00", "1960-02-29", None], format="mixed")
    rows = pd.DataFrame({"when": np.tile(days.as_unit("ns"), 20)})
    steps = ColumnTransformer([("times", OneHotEncoder(handle_unknown="ignore"), ["when"])])
    estimator = make_pipeline(steps, LogisticRegression()).fit(rows, FATES)
    joblib.dump(estimator, tmp_path / "theirs.pkl")
    added = add_model(tmp_path / "theirs.pkl", name="mine", output=tmp_path / "models")
    assert added.card.signature.inputs == (Input(name="when", type="datetime", required=False),)
    scored = load_model(tmp_path / "models" / "mine").score(rows)
    np.testing.assert_array_equal(scored.iloc[:, 1:], estimator.predict_proba(rows))
