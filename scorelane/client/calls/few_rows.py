"""Calls that score a few rows while the client waits, without a job."""

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from scorelane.client.calls.signatures import SignatureCalls
from scorelane.client.io_steps import Send, Steps
from scorelane.client.json_columns import json_columns
from scorelane.client.options import RowOptions, query_params
from scorelane.client.request import J, without_none
from scorelane.client.signature import Signature
from scorelane.client.sources import has_plain_texts, list_upload
from scorelane.client.sync_async import call


class FewRowsCalls(SignatureCalls[J]):
    """Scores a few rows at once."""

    @call
    def score_rows(
        self, rows: Iterable[Any], **options: Unpack[RowOptions]
    ) -> Steps[list[dict[str, Any]]]:
        """Score a few rows at once, without a job; the service says how many it takes.

        Args:
            rows: dicts with the columns that the model takes; for a model of texts also texts and
                pairs (ref, text).
            options: `model`, `rename`, `outputs`, `text_column` and `ref_column`, as for `submit`.

        Returns:
            One dict per row, in order: `ref`, with the type that it was sent with, and the outputs
            of the model. A row with an error has None for each, and `error`.

        Raises:
            scorelane.client.errors.InvalidSource: a row cannot be sent.
            TypeError: these are no rows.
        """
        if isinstance(rows, str | bytes | Mapping) or hasattr(rows, "columns"):
            # Iterating over them would give characters, or the names of columns.
            raise TypeError(
                f"{type(rows).__name__} is no list of rows. Give dicts, or use `score` for a "
                "DataFrame."
            )
        listed, params = list(rows), query_params(options)

        def request(signature: Signature) -> Send:
            upload = list_upload(listed, options, signature)
            return Send("POST", "/score", params=params, upload=upload)

        # The service stores nothing, so the request may be repeated.
        response = yield from self._send_chosen(request, options, has_texts=has_plain_texts(listed))
        scored: list[dict[str, Any]] = self._parse(response, list)
        return scored

    @call
    def sentiment(
        self, rows: Mapping[str, Any], *, model: str | None = None
    ) -> Steps[list[dict[str, Any]]]:
        """Score a few rows at once, without a job.

        Args:
            rows: the columns `ref` and `text`: `{"ref": [1], "text": ["I am well"]}`, or a
                DataFrame that has them.
            model: a model's name; None: the service's default.

        Returns:
            One dict per row, in order: `ref` and `Sentiment_Score`.

        Raises:
            scorelane.client.errors.InvalidSource: a text or a reference cannot be sent.
        """
        body = json_columns(rows)
        request = Send("POST", "/sentiment", params=without_none(model=model), json=body)
        # The service stores nothing, so the request may be repeated.
        scores: list[dict[str, Any]] = yield from self._json(request, idempotent=True)
        return scores
