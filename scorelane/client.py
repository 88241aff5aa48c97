"""A client of the HTTP API: submit a file, wait for its job, fetch the results."""

import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self

import httpx

from scorelane.answers import ApiError, ClientError, Job, Unreachable
from scorelane.streams import appearing, chunks_of, size_left

#: An answer 503 is waited out for so many seconds in a row, and then it is an error.
PATIENCE = 60.0

#: Where a key is looked for, for whom none is given.
KEY_VARIABLE = "SCORELANE_API_KEY"

#: Between two attempts at a service that does not answer, in seconds.
RETRY_SECONDS = 1.0


class Client:
    """A Scorelane service, by its address.

    Every call raises `Unreachable` where nothing answers, and `ApiError` for an error answer.

    Args:
        url: such as `http://127.0.0.1:5005`.
        timeout: seconds that the service may be silent within a call.
        api_key: sent with every call; None: what SCORELANE_API_KEY says, if anything.
    """

    def __init__(self, url: str, timeout: float = 30.0, api_key: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._timeout = timeout
        try:
            host = httpx.URL(self.url).host
        except httpx.InvalidURL as error:
            raise Unreachable(_no_address(self.url)) from error
        self._http = httpx.Client(
            base_url=self.url,
            timeout=timeout,
            headers=_authorization(os.environ.get(KEY_VARIABLE) if api_key is None else api_key),
            # A proxy named in the environment does not know this machine's own services.
            trust_env=host not in {"127.0.0.1", "localhost", "::1"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(
        self,
        source: Path | bytes | BinaryIO,
        *,
        model: str | None = None,
        text_column: str | None = None,
        ref_column: str | None = None,
        media_type: str = "text/csv",
        on_sent: Callable[[int], None] = lambda sent: None,  # noqa: ARG005  the default tells nobody
    ) -> Job:
        """Send a file, in constant memory; it is scored from now on.

        Args:
            source: a path, the content, or a file open for reading bytes.
            model: a model's name; the service has a default.
            text_column: the column of the texts, if it is not `text`.
            ref_column: the column of the references, if it is not `ref`.
            media_type: `text/csv` or `application/json`.
            on_sent: told how many bytes were sent so far.

        Raises:
            OSError: the file cannot be read.
        """
        if isinstance(source, Path):
            with source.open("rb") as file:
                return self.submit(
                    file, model=model, text_column=text_column, ref_column=ref_column,
                    media_type=media_type, on_sent=on_sent,
                )  # fmt: skip
        options = {"model": model, "text_column": text_column, "ref_column": ref_column}
        headers = {"Content-Type": media_type}
        size = len(source) if isinstance(source, bytes) else size_left(source)
        if size is not None:
            # Without it the body goes in chunks, and the service cannot refuse a size beforehand.
            headers["Content-Length"] = str(size)
        return self._job(
            self._request(
                "POST",
                "/jobs",
                params={name: value for name, value in options.items() if value is not None},
                content=chunks_of(source, on_sent),
                headers=headers,
                # The answer comes when the upload is on the disk.
                timeout=httpx.Timeout(self._timeout, read=max(self._timeout, 300.0)),
            )
        )

    def job(self, job_id: str) -> Job:
        """The job as it stands."""
        return self._job(self._request("GET", f"/jobs/{job_id}"))

    def wait(
        self,
        job_id: str,
        on_progress: Callable[[Job], None] = lambda job: None,  # noqa: ARG005  tells nobody
        *,
        longest_pause: float = 30.0,
    ) -> Job:
        """Ask for the job until it has ended, as often as the service's `Retry-After` wishes.

        An answer 503 is waited out, for at most `PATIENCE` seconds in a row, and so is a service
        that does not answer any more.

        Args:
            job_id: the job.
            on_progress: told of the job at every look.
            longest_pause: seconds between two looks, where the service wishes for more.
        """
        last_answer, answered = time.monotonic(), False
        while True:
            try:
                answer = self._request("GET", f"/jobs/{job_id}")
            except (ApiError, Unreachable) as error:
                passes = error.status == 503 if isinstance(error, ApiError) else answered
                if not passes or time.monotonic() - last_answer > PATIENCE:
                    raise
                time.sleep(RETRY_SECONDS)
                continue
            answered = True
            last_answer = time.monotonic()
            job = self._job(answer)
            on_progress(job)
            if job.ended:
                return job
            time.sleep(min(_retry_after(answer), longest_pause))

    @contextmanager
    def streaming_results(self, job_id: str) -> Iterator[Iterator[bytes]]:
        """The results as CSV, in runs of bytes, while the block lasts.

        A connection that is cut is made anew, for at most `PATIENCE` seconds without a byte.

        Raises:
            Unreachable: in the block, where the results cannot be had to their end.
        """
        with self._plain_errors(), closing(self._download(f"/jobs/{job_id}/results")) as chunks:
            # The first run is empty: it comes when the service has begun to answer.
            next(chunks)
            yield chunks

    def _download(self, path: str) -> Generator[bytes]:
        received, etag, last_byte = 0, "", time.monotonic()
        while True:
            headers = {"Accept": "text/csv"}
            if received:
                headers |= {"Range": f"bytes={received}-", "If-Range": etag}
            try:
                with self._http.stream("GET", path, headers=headers) as answer:
                    if answer.is_error:
                        answer.read()
                    self._check(answer)
                    if received and answer.status_code != httpx.codes.PARTIAL_CONTENT:
                        raise httpx.RemoteProtocolError("and the results are others now")
                    etag = answer.headers.get("ETag", "")
                    yield b""
                    for chunk in answer.iter_bytes():
                        received, last_byte = received + len(chunk), time.monotonic()
                        yield chunk
                    return
            except (httpx.TransportError, ApiError) as error:
                passes = not isinstance(error, ApiError) or error.status == 503
                if not etag or not passes or time.monotonic() - last_byte > PATIENCE:
                    raise
                time.sleep(RETRY_SECONDS)

    def results(self, job_id: str, out_path: Path) -> None:
        """Write the results as CSV to a file, which appears when it is whole, and not before.

        Raises:
            OSError: the file cannot be written.
        """
        with self.streaming_results(job_id) as chunks, appearing(out_path) as file:
            file.writelines(chunks)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job; an `ApiError` 409 if it has ended."""
        return self._job(self._request("POST", f"/jobs/{job_id}/cancel"))

    def delete(self, job_id: str) -> None:
        """Erase a job and all its data."""
        self._request("DELETE", f"/jobs/{job_id}")

    def jobs(self, limit: int = 20) -> list[Job]:
        """The newest jobs first, at most `limit`."""
        body = self._json(self._request("GET", "/jobs", params={"limit": limit}))
        with self._as_scorelane():
            return [Job.from_json(one) for one in body["jobs"]]

    def models(self) -> list[dict[str, Any]]:
        """The models: name, version, figures, rows_per_second, processes that serve it."""
        body = self._json(self._request("GET", "/models"))
        with self._as_scorelane():
            return list(body["models"])

    def sentiment(
        self, rows: Mapping[str, list[Any]], *, model: str | None = None
    ) -> list[dict[str, Any]]:
        """Score a few rows at once: `{"ref": [1], "text": ["I am well"]}`."""
        params = {} if model is None else {"model": model}
        answer = self._request("POST", "/sentiment", params=params, json=dict(rows))
        return list(self._json(answer))

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        with self._plain_errors():
            answer = self._http.request(method, path, **options)
        self._check(answer)
        return answer

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """Turn httpx's errors into `Unreachable`, with a message for the user."""
        try:
            yield
        except httpx.UnsupportedProtocol as error:
            raise Unreachable(_no_address(self.url)) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable(
                f"Nothing answers at {self.url}: is the service running? `scorelane serve` starts "
                "one."
            ) from error
        except httpx.TimeoutException as error:
            raise Unreachable(f"{self.url} was silent for too long. Try again.") from error
        except httpx.HTTPError as error:
            raise Unreachable(f"The connection to {self.url} was cut: {error}.") from error

    def _check(self, answer: httpx.Response) -> None:
        if not answer.is_error:
            return
        try:
            problem = answer.json()
            code, detail = problem["type"].rpartition(":")[2], problem["detail"]
        except (ValueError, KeyError, TypeError, AttributeError):
            code, detail = "http-error", f"{self.url} answered {answer.status_code}: no Scorelane?"
        raise ApiError(answer.status_code, code, detail)

    def _json(self, answer: httpx.Response) -> Any:
        with self._as_scorelane():
            return answer.json()

    def _job(self, answer: httpx.Response) -> Job:
        with self._as_scorelane():
            return Job.from_json(answer.json())

    @contextmanager
    def _as_scorelane(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, KeyError, TypeError) as error:
            raise ClientError(
                f"{self.url} answers, but not as Scorelane does. Check the address."
            ) from error


def _authorization(api_key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def _retry_after(answer: httpx.Response) -> float:
    try:
        return max(float(answer.headers["Retry-After"]), 0.05)
    except (KeyError, ValueError):
        return 1.0


def _no_address(url: str) -> str:
    return f"'{url}' is no address of a service. Write it as http://HOST:PORT."
