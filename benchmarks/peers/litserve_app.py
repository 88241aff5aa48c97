"""Serves the model with LitServe: two workers, with batching.

python litserve_app.py models/fast/model.pkl 8000
"""

import sys
from typing import Any

import joblib
import litserve  # type: ignore[import-not-found]  # installed in its own environment


class Sentiment(litserve.LitAPI):  # type: ignore[misc]  # as above
    """Takes `{"text": [...]}` and returns `{"scores": [...]}`."""

    def setup(self, device: str) -> None:  # noqa: ARG002  LitServe's signature
        """Load the model in a worker."""
        self.pipeline = joblib.load(sys.argv[1])

    def decode_request(self, request: dict[str, Any]) -> Any:
        """The texts of a request."""
        return request["text"]

    def batch(self, inputs: list[list[str]]) -> list[list[str]]:
        """Pass the requests of a batch on unchanged."""
        return inputs

    def predict(self, requests: list[list[str]]) -> list[list[float]]:
        """The scores of each request."""
        scores = iter(
            self.pipeline.predict_proba([text for texts in requests for text in texts])[:, 1]
        )
        return [[float(next(scores)) for _ in texts] for texts in requests]

    def unbatch(self, output: list[list[float]]) -> list[list[float]]:
        """Split the scores of a batch by request; they are already split."""
        return output

    def encode_response(self, output: list[float]) -> dict[str, Any]:
        """The response to a request."""
        return {"scores": output}


if __name__ == "__main__":
    api = Sentiment(max_batch_size=64, batch_timeout=0.005)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=2)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False)
