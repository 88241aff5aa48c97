"""Calls that send rows: as a job, or a few to be answered at once."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Unpack

import httpx

from scorelane.client.io_steps import Send, Steps
from scorelane.client.options import JobOptions, params_of
from scorelane.client.request import J, Requests, given
from scorelane.client.sources import Source, upload_of
from scorelane.client.sync_async import call
from scorelane.client.upload import Upload

#: The answer to an upload comes when it is on the disk: seconds that the service may take for that.
STORING_SECONDS = 300.0

#: The answer to a few rows is kept for so long at most, until they are scored.
STAY_SECONDS = 20


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
        """Send rows, in constant memory; they are scored from now on.

        Args:
            source: a path; the content as bytes; a file open for reading bytes; a DataFrame, of
                pandas or polars; or rows from anything that can be iterated over: texts, pairs
                (ref, text) or dicts. An AsyncClient takes an asynchronous iterator too.
            media_type: what a file or bytes are; by default the ending of a path says it (`.csv`,
                `.tsv`, `.json`, `.ndjson`, `.parquet`, each also with `.gz`), and anything else
                is `text/csv`.
            idempotency_key: sent again with every attempt, so that one job comes of them; by
                default a new one for each call.
            on_sent: told how many bytes were sent so far.
            options: `model`; `text_column` (default `text`), `ref_column` (`ref`, if there is
                one); `delimiter` and `charset` of a CSV; `columns`, which come back with the
                results (names, or `all`); `format`, which the results are kept in (`csv`,
                `ndjson`, `parquet`); `on_error`: `skip` (the default), `fail`, or the share of rows
                with an error above which the job fails; `labels`, a mapping to find the job by;
                `retention_seconds`, for which it is kept after its end; `callback_url`, where its
                end is told.

        Raises:
            OSError: the file cannot be read.
            TypeError, ValueError: the source, or a row of it, cannot be sent.
            scorelane.client.errors.SourceSpent: the upload was cut, and the source can be read only
                once.
        """
        upload = upload_of(source, media_type, options)
        upload.on_sent = on_sent
        return (yield from self._job(_submission(upload, options, idempotency_key)))

    def submit_and_stay(self, source: Source, options: JobOptions) -> Steps[httpx.Response]:
        """Submit rows, and have the answer kept until they are scored, if that is soon.

        Returns:
            The job, or its results as CSV.
        """
        stay = {"Prefer": f"wait={STAY_SECONDS}", "Accept": "text/csv"}
        send = _submission(upload_of(source, None, options), options, None, stay)
        return (yield from self._request(send))

    @call
    def validate(
        self,
        source: Source,
        *,
        media_type: str | None = None,
        **options: Unpack[JobOptions],
    ) -> Steps[dict[str, Any]]:
        """See what would become of a job, without making it.

        Args:
            source: what would be submitted; the service looks at the beginning of a file.
            media_type: see `submit`.
            options: those of `submit`.

        Returns:
            What the service says: `columns`, `first_rows`, `first_errors`, about how many rows and
            seconds (`estimate`); docs/api.md has it all.

        Raises:
            scorelane.client.errors.BadRequest: it would be refused, for the same reason.
        """
        upload = upload_of(source, media_type, options)
        params = {**params_of(options), "validate": "true"}
        # It leaves nothing behind.
        found: dict[str, Any] = yield from self._json(_posted(upload, params, {}), harmless=True)
        return found

    @call
    def sentiment(
        self, rows: Mapping[str, list[Any]], *, model: str | None = None
    ) -> Steps[list[dict[str, Any]]]:
        """Score a few rows at once: `{"ref": [1], "text": ["I am well"]}`."""
        send = Send("POST", "/sentiment", params=given(model=model), json=dict(rows))
        # It leaves nothing behind: twice is as good as once.
        found: list[dict[str, Any]] = yield from self._json(send, harmless=True)
        return found

    @call
    def models(self) -> Steps[list[dict[str, Any]]]:
        """The models: name, version, figures, rows_per_second, processes that serve it."""
        body = yield from self._json(Send("GET", "/models"))
        with self.as_scorelane():
            return list(body["models"])


def _submission(
    upload: Upload, options: JobOptions, key: str | None, more: Mapping[str, str] | None = None
) -> Send:
    headers = {"Idempotency-Key": key or uuid.uuid4().hex, **(more or {})}
    return _posted(upload, params_of(options), headers)


def _posted(upload: Upload, params: dict[str, Any], headers: dict[str, str]) -> Send:
    return Send(
        "POST", "/jobs", params=params, headers=headers, upload=upload, patience=STORING_SECONDS
    )
