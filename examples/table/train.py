"""Trains a classifier on a table, and writes what its README needs into the current folder.

The customers are made up: no real data, and nothing is downloaded.

Writes:
    churn.pkl: the fitted pipeline.
    customers.csv: 400 customers to be scored, one of them with a typing error.
    expected.csv: the others, with what the pipeline itself gives for them.
"""

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["age", "months", "calls", "bill"]
WORDS = ["plan", "country"]


def made_customers(count: int) -> pd.DataFrame:
    """Customers, each with the column `left` that says how it ended."""
    random = np.random.default_rng(17)
    customers = pd.DataFrame(
        {
            "customer": [f"c{number:05d}" for number in range(1, count + 1)],
            "age": random.integers(18, 90, count),
            "months": random.integers(0, 120, count),
            "calls": random.poisson(2, count),
            "bill": random.gamma(4, 12, count).round(2),
            "plan": random.choice(["basic", "family", "business"], count, p=[0.5, 0.3, 0.2]),
            "country": random.choice(["DE", "FR", "IT", "NO"], count),
        }
    )
    unrest = (
        0.6 * customers["calls"]
        + 0.02 * customers["bill"]
        - 0.03 * customers["months"]
        - 0.8 * (customers["plan"] == "business")
    )
    leaves = random.random(count) < 1 / (1 + np.exp(-unrest))
    customers["left"] = np.where(leaves, "leaves", "stays")
    # Some bills are not known.
    customers.loc[random.random(count) < 0.05, "bill"] = np.nan
    return customers


customers = made_customers(4_400)
train, rest = train_test_split(customers, test_size=400, random_state=0)

pipeline = make_pipeline(
    ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ("words", OneHotEncoder(handle_unknown="ignore"), WORDS),
        ]
    ),
    LogisticRegression(),
)
pipeline.fit(train[NUMBERS + WORDS], train["left"])
print(f"accuracy on 400 other customers: {pipeline.score(rest[NUMBERS + WORDS], rest['left']):.3f}")
joblib.dump(pipeline, "churn.pkl")

rows = rest[["customer", *NUMBERS, *WORDS]]
typed = rows.astype({"age": str})
typed.iloc[199, typed.columns.get_loc("age")] = "4o"  # a typing error, in row 200
typed.to_csv("customers.csv", index=False)

expected = rows.assign(label=pipeline.predict(rows))
for number, name in enumerate(pipeline.classes_):
    expected[f"probability_{name}"] = pipeline.predict_proba(rows)[:, number]
expected.drop(expected.index[199]).to_csv("expected.csv", index=False)
