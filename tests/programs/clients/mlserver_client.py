"""MLServer's codec of pandas, over plain HTTP: mlserver_client.py PORT MODEL, columns on stdin.

It prints the outputs, or the service's message, as JSON.
"""

import json
import sys
from http.client import HTTPConnection

import pandas as pd
from mlserver.codecs import PandasCodec
from mlserver.types import InferenceResponse, MetadataModelResponse

port, model = sys.argv[1:]
frame = pd.DataFrame({one["name"]: one["data"] for one in json.load(sys.stdin)})
connection = HTTPConnection("127.0.0.1", int(port))
path = f"/v2/models/{model}"

connection.request("GET", path)
metadata = MetadataModelResponse.model_validate_json(connection.getresponse().read())
assert [one.name for one in metadata.inputs] == list(frame)
connection.request("GET", f"{path}/ready")
with connection.getresponse() as ready:
    ready.read()

body = PandasCodec.encode_request(frame, use_bytes=False).model_dump_json().encode()
connection.request("POST", f"{path}/infer", body, {"Content-Type": "application/json"})
answer = connection.getresponse()
content = answer.read()
if answer.status == 200:
    found = PandasCodec.decode_response(InferenceResponse.model_validate_json(content))
    print(json.dumps({"ready": ready.status == 200, "outputs": found.to_dict("list")}))
else:
    print(json.dumps({"refused": json.loads(content)["error"]}))
