"""Flags that are categories, and matrices of objects, are taken over too."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from scoring.tables.fast_columns import FastColumns
from scoring.tables.faster import faster_table

ROWS = pd.DataFrame(
    {
        "alone": [True, False] * 10,
        "fare": [1.0, 2.5, np.nan, 8.0] * 5,
        "port": pd.Series(["S", "C", "S", "Q", None] * 4, dtype=object),
    }
)
LABELS = [0, 1, 1, 0, 1] * 4


@pytest.mark.parametrize("handle_unknown", ["error", "ignore"])
def test_flags_are_looked_up_as_categories(handle_unknown):
    """A number among them is not, though 1 equals true: scikit-learn decides what it is."""
    steps = make_column_transformer(
        (OneHotEncoder(handle_unknown=handle_unknown), ["alone"]),
        (StandardScaler(), ["fare"]),
    )
    slow = make_pipeline(steps, LogisticRegression()).fit(ROWS.fillna({"fare": 3.0}), LABELS)
    fast = faster_table(slow)
    assert isinstance(fast[0], FastColumns)
    known = ROWS.fillna({"fare": 5.0})
    numbers = known.assign(alone=known["alone"].astype(float))
    for rows in (known, numbers):
        assert np.array_equal(fast.predict_proba(rows), slow.predict_proba(rows))


def test_numbers_beside_encoded_words_are_taken_over():
    """With a flag that passes through, scikit-learn makes objects, in which NaN may be."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    steps = make_column_transformer((encoder, ["port"]), ("passthrough", ["fare"]))
    slow = make_pipeline(steps, DecisionTreeClassifier(random_state=0)).fit(ROWS, LABELS)
    fast = faster_table(slow)
    assert isinstance(fast[0], FastColumns)
    assert np.array_equal(fast.predict_proba(ROWS), slow.predict_proba(ROWS))
