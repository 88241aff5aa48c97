"""Triton's client, of the release that MLServer brings: triton.py PORT MODEL, columns on stdin.

It sends binary tensors, and prints the outputs, or the message of the exception, as JSON.
"""

import json
import sys

import numpy as np
from tritonclient import http
from tritonclient.utils import InferenceServerException

DTYPES = {"FP64": np.float64, "INT64": np.int64, "BOOL": np.bool_, "BYTES": np.object_}

port, model = sys.argv[1:]
inputs = []
for one in json.load(sys.stdin):
    cells = np.array(one["data"], dtype=DTYPES[one["datatype"]])
    inputs.append(http.InferInput(one["name"], [len(cells)], one["datatype"]))
    inputs[-1].set_data_from_numpy(cells, binary_data=True)
with http.InferenceServerClient(f"127.0.0.1:{port}") as client:
    is_ready = client.is_model_ready(model)
    names = [one["name"] for one in client.get_model_metadata(model)["outputs"]]
    try:
        answer = client.infer(model, inputs)
    except InferenceServerException as error:
        print(json.dumps({"refused": str(error)}))
    else:
        outputs = {name: answer.as_numpy(name).tolist() for name in names}
        print(json.dumps({"ready": is_ready, "outputs": outputs}))
