"""MLflow's client of a scoring server: mlflow_client.py PORT frame|array, the columns on stdin.

It prints the predictions of the default model, or the message of the exception, as JSON.
"""

import json
import sys

import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

port, form = sys.argv[1:]
frame = pd.DataFrame({one["name"]: one["data"] for one in json.load(sys.stdin)})
client = ScoringServerClient("127.0.0.1", int(port))
client.wait_server_ready(timeout=30)
client.get_version()
try:
    answer = client.invoke(frame if form == "frame" else frame.to_numpy(dtype=object))
# What it raises is a plain Exception.
except Exception as error:  # noqa: BLE001
    print(json.dumps({"refused": str(error)}))
else:
    print(json.dumps({"predictions": answer.get_predictions().iloc[:, 0].tolist()}))
