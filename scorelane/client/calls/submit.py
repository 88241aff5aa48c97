"""Calls that send rows: as a job, for a dry run, or a few to be scored at once."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Unpack

import httpx

from scorelane.client.form import with_options
from scorelane.client.io_steps import Send, Steps
from scorelane.client.json_columns import json_columns
from scorelane.client.options import JobOptions, query_params
from scorelane.client.request import J, Requests, without_none
from scorelane.client.sources import Source, upload_of
from scorelane.client.sync_async import call
from scorelane.client.upload import Upload

#: Seconds added to the read timeout of an upload: the service responds once it has stored the body.
STORING_SECONDS = 300.0

#: How long the service may hold the response to a few rows until they are scored, in seconds.
WAIT_SECONDS = 20


class SubmitCalls(Requests[J]):
    """Sends rows."""

    @call
    def submit(
        self,
        source: Source,
        *,
        media_type: str | None = None,
        idempotency_key: str | None = None,
        on_sent: Callable[[int], object] | None = None,
        **options: Unpack[JobOptions],
    ) -> Steps[J]:
        """Submit rows as a job, in constant memory, and return the job.

        Args:
            source: a path; bytes; a file open for reading bytes; a DataFrame of pandas or polars;
                or an iterable of rows: texts, pairs (ref, text) or dicts. An AsyncClient also takes
                an asynchronous iterator of rows.
            media_type: the media type of a file or bytes. By default the suffix of a path decides
                (`.csv`, `.tsv`, `.json`, `.ndjson`, `.parquet`, each also with `.gz`), and
                everything else is `text/csv`.
            idempotency_key: sent with every attempt, so that together they make one job; by default
                a new key for each call.
            on_sent: called with the number of bytes sent so far.
            options: `model`; `text_column` (default `text`) and `ref_column` (default `ref`, if
                there is one); `delimiter` and `charset` of a CSV; `columns` to return with the
                results (names, or `all`); `format` that the results are stored in (`csv`, `ndjson`,
                `parquet`); `on_error`: `skip` (the default), `fail`, or the share of rows with an
                error above which the job fails; `labels`, a mapping to find the job by;
                `retention_seconds`, how long the job is kept after its end; `callback_url`, which
                receives a request when the job has ended.

        Raises:
            OSError: the file cannot be read.
            TypeError, ValueError: the source, or one of its rows, cannot be sent.
            scorelane.client.errors.SourceSpent: the upload failed, and the source can be read only
                once.
        """
        upload = upload_of(source, media_type, options)
        upload.on_sent = on_sent
        return (yield from self._job(_submission(upload, options, idempotency_key)))

    def _submit_and_wait(self, source: Source, options: JobOptions) -> Steps[httpx.Response]:
        """Submit rows, and ask the service to respond with the results if they are scored soon.

        Returns:
            The response: the results as CSV, or the job as JSON.
        """
        headers = {"Prefer": f"wait={WAIT_SECONDS}", "Accept": "text/csv"}
        request = _submission(upload_of(source, None, options), options, None, headers)
        return (yield from self._response_to(request))

    @call
    def validate(
        self,
        source: Source,
        *,
        media_type: str | None = None,
        **options: Unpack[JobOptions],
    ) -> Steps[dict[str, Any]]:
        """Check what would become of a submission, without making a job (a dry run).

        Args:
            source: what would be submitted; the service examines the beginning of a file.
            media_type: as for `submit`.
            options: the options of `submit`.

        Returns:
            The service's report: `columns`, `first_rows`, `first_errors`, and an `estimate` of the
            number of rows and of the seconds; docs/api.md lists all fields.

        Raises:
            scorelane.client.errors.BadRequest: the service would refuse the submission.
        """
        upload = upload_of(source, media_type, options)
        params = {**query_params(options), "validate": "true"}
        request = _upload_request(upload, params, {})
        report: dict[str, Any] = yield from self._json(request, idempotent=True)
        return report

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

    @call
    def models(self) -> Steps[list[dict[str, Any]]]:
        """Return the models, each with its name, version, quality figures, rate and live processes.

        docs/api.md lists the fields.
        """
        body = yield from self._json(Send("GET", "/models"))
        with self.valid_response():
            return list(body["models"])


def _submission(
    upload: Upload, options: JobOptions, key: str | None, headers: Mapping[str, str] | None = None
) -> Send:
    headers = {"Idempotency-Key": key or uuid.uuid4().hex, **(headers or {})}
    return _upload_request(upload, query_params(options), headers)


def _upload_request(upload: Upload, params: Mapping[str, Any], headers: Mapping[str, str]) -> Send:
    upload, params = with_options(upload, params)
    return Send(
        "POST",
        "/jobs",
        params=params,
        headers=headers,
        upload=upload,
        extra_seconds=STORING_SECONDS,
    )
