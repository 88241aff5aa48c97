"""A model of a running service, with the same interface as a model that is loaded here."""

from typing import TYPE_CHECKING

from scorelane.client.client import Client
from scorelane.client.errors import ClientError

if TYPE_CHECKING:
    # Only for the signature: pandas takes long to import.
    import pandas as pd


class ServedModel:
    """Scores texts by submitting jobs to a service.

    Attributes:
        name: the name of the model; empty for the service's default.
    """

    def __init__(self, client: Client, name: str | None) -> None:
        """Choose the model.

        Args:
            client: of the service.
            name: the model's name there; None: the service's default.
        """
        self._client, self._wanted = client, name
        self.name = name or ""

    def score(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Score a frame of n rows, as `shared.model.Model.score` does.

        Raises:
            scorelane.client.errors.ClientError: the service did not score every row.
        """
        texts = frame[["text"]].reset_index(drop=True)
        job = self._client.submit(texts, text_column="text", model=self._wanted)
        results = job.wait().as_frame()
        self._client.delete(job)
        scores = results["Sentiment_Score"]
        if len(scores) != len(frame) or scores.isna().any():
            errors = results["error"].dropna()
            reason = errors.iloc[0] if len(errors) else "rows are missing"
            raise ClientError(f"The service did not score every text: {reason}")
        return scores.to_frame().set_axis(frame.index)
