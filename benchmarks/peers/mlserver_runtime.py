"""Serves the model with MLServer: two workers, with adaptive batching.

mlserver start <a folder with settings.json and model-settings.json>
"""

import joblib
import numpy as np
from mlserver import MLModel  # type: ignore[import-not-found]  # installed in its own environment
from mlserver.codecs import NumpyCodec, StringCodec  # type: ignore[import-not-found]  # as above
from mlserver.types import (  # type: ignore[import-not-found]  # as above
    InferenceRequest,
    InferenceResponse,
)


class Sentiment(MLModel):  # type: ignore[misc]  # as above
    """Takes one input of texts (BYTES) and returns one output of scores."""

    async def load(self) -> bool:
        """Load the model in a worker."""
        self.pipeline = joblib.load(self.settings.parameters.uri)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The scores of the texts of a request, or of several requests of a batch."""
        texts = StringCodec.decode_input(payload.inputs[0])
        scores = self.pipeline.predict_proba(texts)[:, 1].astype(np.float64)
        output = NumpyCodec.encode_output("scores", scores.reshape(-1, 1))
        return InferenceResponse(model_name=self.name, outputs=[output])
