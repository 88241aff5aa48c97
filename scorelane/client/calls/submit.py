"""Calls that send rows: as a job, for a dry run, or a few to be scored at once."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

import httpx

from scorelane.client.calls.signatures import SignatureCalls
from scorelane.client.form import split_options, with_options
from scorelane.client.io_steps import Send, Steps
from scorelane.client.options import JobOptions, query_params
from scorelane.client.request import J
from scorelane.client.signature import Signature
from scorelane.client.sources import Source, is_file, peek, upload_of
from scorelane.client.sync_async import call
from scorelane.client.upload import Upload

#: Seconds added to the read timeout of an upload: the service responds once it has stored the body.
STORING_SECONDS = 300.0

#: How long the service may hold the response to a few rows until they are scored, in seconds.
WAIT_SECONDS = 20


#: The media type of a body with the addresses of files in place of rows.
ADDRESSES = "application/vnd.scorelane.job+json"


class SubmitCalls(SignatureCalls[J]):
    """Sends rows."""

    @call
    def submit(
        self,
        source: Source | None = None,
        *,
        input: str | Sequence[str] | None = None,  # noqa: A002  the service's name
        output: str | None = None,
        media_type: str | None = None,
        idempotency_key: str | None = None,
        on_sent: Callable[[int], object] | None = None,
        **options: Unpack[JobOptions],
    ) -> Steps[J]:
        """Submit rows as a job, in constant memory, and return the job.

        Args:
            source: a path; bytes; a file open for reading bytes; a DataFrame of pandas or polars;
                or an iterable of rows: dicts, or for a model of texts also texts and pairs (ref,
                text). An AsyncClient also takes an asynchronous iterator of rows. Of a DataFrame
                or dicts only the columns that the job needs are sent.
            input: in place of `source`, the address of a file or folder that the service reads
                where it is, such as `s3://bucket/key.csv` or `s3://bucket/folder/`, or a list of
                such addresses. Nothing passes through this process.
            output: the address of a folder that gets the results of such a job, such as
                `s3://bucket/folder/`: a file, and then `manifest.json`.
            media_type: the media type of a file or bytes. By default the suffix of a path decides
                (`.csv`, `.tsv`, `.json`, `.ndjson`, `.parquet`, each also with `.gz`), and
                everything else is `text/csv`.
            idempotency_key: sent with every attempt, so that together they make one job; by default
                a new key for each call.
            on_sent: called with the number of bytes sent so far.
            options: `model`; for a model of texts `text_column` (default `text`); `rename`, a
                mapping from names of columns to the model's (`{"Age": "age"}`); `ref_column`
                (default `ref`, if there is one); `delimiter`, `charset` and `decimal` of a CSV;
                `columns` to return with the results (names, or `all`); `outputs` of the model that
                the results have (names, or `all`); `format` that they are stored in (`csv`,
                `ndjson`, `parquet`); `on_error`: `skip` (the default), `fail`, or the share of rows
                with an error above which the job fails; `labels`, a mapping to find the job by;
                `retention_seconds`, how long the job is kept after its end; `callback_url`, which
                receives a request when the job has ended.

        Raises:
            OSError: the file cannot be read.
            TypeError, ValueError: the source, or one of its rows, cannot be sent; or there are a
                source and an input, or none.
            scorelane.client.errors.Refused: the service may not read the input or write the output
                for you.
            scorelane.client.errors.OutputTaken: the output has the results of a job already.
            scorelane.client.errors.SourceSpent: the upload failed, and the source can be read only
                once.
        """
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        if source is None:
            send = _addresses_request(input, output, media_type, query_params(options), headers)
            return (yield from self._job(send))
        _check_no_addresses(input, output)

        def request(upload: Upload) -> Send:
            upload.on_sent = on_sent
            return _upload_request(upload, query_params(options), headers)

        response = yield from self._send_rows(source, media_type, options, request)
        job: J = self._parse(response, self._job_from)
        return job

    def _submit_and_wait(self, source: Source, options: JobOptions) -> Steps[httpx.Response]:
        """Submit rows, and ask the service to respond with the results if they are scored soon.

        Returns:
            The response: the results as CSV, or the job as JSON.
        """
        headers = {
            "Idempotency-Key": uuid.uuid4().hex,
            "Prefer": f"wait={WAIT_SECONDS}",
            "Accept": "text/csv",
        }
        params = query_params(options)
        return (
            yield from self._send_rows(
                source, None, options, lambda upload: _upload_request(upload, params, headers)
            )
        )

    def _send_rows(
        self,
        source: Any,
        media_type: str | None,
        options: JobOptions,
        request: Callable[[Upload], Send],
    ) -> Steps[httpx.Response]:
        """Send rows with the columns that their model takes; see `_send_chosen`.

        Args:
            source: the rows.
            media_type: of a file or bytes.
            options: of the job.
            request: makes the request from its body; the service must be able to tell if it gets it
                twice.
        """
        is_raw = is_file(source)
        source, has_texts = peek(source)

        def request_by(signature: Signature) -> Send:
            return request(upload_of(source, media_type, options, signature))

        return (
            yield from self._send_chosen(
                request_by, options, has_texts=has_texts or is_raw, is_raw=is_raw
            )
        )

    @call
    def validate(
        self,
        source: Source | None = None,
        *,
        input: str | Sequence[str] | None = None,  # noqa: A002  the service's name
        output: str | None = None,
        media_type: str | None = None,
        guess: bool = False,
        **options: Unpack[JobOptions],
    ) -> Steps[dict[str, Any]]:
        """Check what would become of a submission, without making a job (a dry run).

        Args:
            source: what would be submitted; the service examines the beginning of a file.
            input: as for `submit`.
            output: as for `submit`.
            media_type: as for `submit`.
            guess: whether the service guesses the options that are not given, such as the delimiter
                and the column of the texts.
            options: the options of `submit`.

        Returns:
            The service's report: `columns`, `first_rows`, `first_errors`, and an `estimate` of the
            number of rows and of the seconds; `guessed` has each guess with its reason, `options`
            what a submission needs to be read so. docs/api.md lists all fields.

        Raises:
            scorelane.client.errors.BadRequest: the service would refuse the submission.
        """
        params = {**query_params(options), "validate": "true"}
        if guess:
            params["guess"] = "true"
        if source is None:
            # A dry run makes no job, so it may be sent twice.
            send = _addresses_request(input, output, media_type, params, {})
            response = yield from self._response_to(send, idempotent=True)
        else:
            _check_no_addresses(input, output)
            response = yield from self._send_rows(
                source, media_type, options, lambda upload: _upload_request(upload, params, {})
            )
        report: dict[str, Any] = self._parse(response, lambda body: body)
        return report


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


def _check_no_addresses(addresses: object, output: object) -> None:
    if addresses is not None or output is not None:
        raise ValueError("Give either a source, or an input and its output; not both.")


def _addresses_request(
    addresses: str | Sequence[str] | None,
    output: str | None,
    media_type: str | None,
    params: Mapping[str, Any],
    headers: Mapping[str, str],
) -> Send:
    """The request for a job on files that the service reads where they are.

    Raises:
        ValueError: there are no addresses, or a media type.
    """
    if addresses is None:
        raise ValueError("Give a source of rows, or the address of a file as input.")
    if media_type is not None:
        raise ValueError(
            "media_type is for rows that are sent; the name of a file at an address "
            "says its format."
        )
    query, options = split_options(params)
    body: dict[str, Any] = {
        **options,
        "input": addresses if isinstance(addresses, str) else list(addresses),
    }
    if output is not None:
        body["output"] = output
    return Send(
        "POST",
        "/jobs",
        params=query,
        headers={**headers, "Content-Type": ADDRESSES},
        json=body,
        extra_seconds=STORING_SECONDS,
    )
