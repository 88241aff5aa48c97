"""Fits a model and lets MLflow write its folder: write_mlflow_model.py FLAVOUR FOLDER.

It prints the rows, and what the model gives them, as JSON.
"""

import json
import sys

import lightgbm
import mlflow
import pandas as pd
import xgboost
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

ROWS = pd.DataFrame(
    {
        "age": [1.0, 20.0, 3.0, 40.0, 7.0, 55.0] * 10,
        "visits": [1.0, 0.0, 5.0, 2.0, 9.0, 4.0] * 10,
        "city": ["Oslo", "Rome", "Oslo", "Lima", "Rome", "Lima"] * 10,
    }
)
LABELS = [0, 1, 0, 1, 0, 1] * 10
NUMBERS = ROWS[["age", "visits"]]

flavour, folder = sys.argv[1:]
if flavour == "sklearn":
    encoded = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    rows, model = ROWS, make_pipeline(encoded, LogisticRegression())
elif flavour == "xgboost":
    rows, model = NUMBERS, xgboost.XGBClassifier(n_estimators=5, max_depth=2)
else:
    rows, model = NUMBERS, lightgbm.LGBMClassifier(n_estimators=5, min_child_samples=2, verbose=-1)
model.fit(rows, LABELS)
signature = infer_signature(rows, model.predict(rows))
getattr(mlflow, flavour).save_model(
    model,
    folder,
    signature=signature,
    input_example=rows.head(2),
    pip_requirements=[],  # otherwise it starts another process, to find them
)
shares = model.predict_proba(rows)
outputs = {"label": model.predict(rows).tolist()}
outputs |= {f"probability_{one}": shares[:, one].tolist() for one in (0, 1)}
print(json.dumps({"rows": rows.to_dict("list"), "outputs": outputs}))
