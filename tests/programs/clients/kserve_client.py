"""KServe's client of the Open Inference Protocol: kserve_client.py PORT MODEL, columns on stdin.

It prints the outputs, or the message of the exception, as JSON.
"""

import asyncio
import json
import sys

from httpx import HTTPStatusError
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig


async def main(port: str, model: str) -> dict:
    """Ask the service at a port for the outputs of a model."""
    inputs = [
        InferInput(one["name"], [len(one["data"])], one["datatype"], data=one["data"])
        for one in json.load(sys.stdin)
    ]
    url = f"http://127.0.0.1:{port}"
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        is_ready = await client.is_model_ready(url, model)
        request = InferRequest(model_name=model, infer_inputs=inputs)
        try:
            answer = await client.infer(url, request, model_name=model)
        except HTTPStatusError as error:
            return {"refused": str(error)}
    return {"ready": is_ready, "outputs": {one.name: one.data for one in answer.outputs}}


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
