"""Registers version 1 of the model `churn` as its champion: register_mlflow_model.py ADDRESS.

It prints the rows, and the labels that the model gives them, as JSON.
"""

import json
import sys

import mlflow
import pandas as pd
from sklearn.linear_model import LogisticRegression

ROWS = pd.DataFrame({"age": [1.0, 20.0, 3.0, 40.0], "visits": [1.0, 0, 5, 2]})

model = LogisticRegression().fit(ROWS, ["no", "yes", "no", "yes"])
labels = model.predict(ROWS)
mlflow.set_tracking_uri(sys.argv[1])
with mlflow.start_run():
    mlflow.sklearn.log_model(
        model,
        name="model",
        registered_model_name="churn",
        signature=mlflow.models.infer_signature(ROWS, labels),
        pip_requirements=[],  # otherwise it starts another process, to find them
    )
mlflow.MlflowClient().set_registered_model_alias("churn", "champion", "1")
print(json.dumps({"rows": ROWS.to_dict("list"), "labels": labels.tolist()}))
