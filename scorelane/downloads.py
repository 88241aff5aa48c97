"""Calls that fetch results."""

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from scorelane.appearing import appearing
from scorelane.both import AnyJob, call, flow
from scorelane.following import path_of
from scorelane.frames import read_results
from scorelane.problems import Unreachable
from scorelane.requests import Requests
from scorelane.retries import Attempts
from scorelane.steps import Emit, Flow, Opened, Pause, Send, Steps, Take, Work

if TYPE_CHECKING:
    import pandas as pd

#: A result of more bytes than this is on the disk while it is made into a DataFrame.
IN_MEMORY = 64 << 20


class Downloads(Requests):
    """Fetches results."""

    @flow
    def chunks(self, job: AnyJob) -> Flow[bytes]:
        """The results as CSV, in runs of bytes.

        A connection that is cut is made anew, and goes on where it was.
        """
        download = self._download(job)
        while run := (yield from download.next()):
            yield Emit(run)

    @call
    def save(self, job: AnyJob, path: str | Path) -> Steps[Path]:
        """Write the results as CSV to a file, which appears when it is whole, and not before.

        Raises:
            OSError: the file cannot be written.
        """
        download = self._download(job)
        with appearing(Path(path)) as file:
            while run := (yield from download.next()):
                file.write(run)
        return Path(path)

    @call
    def as_frame(self, job: AnyJob) -> "Steps[pd.DataFrame]":
        """The results as a DataFrame of pandas', in the order of the rows.

        Columns: `ref` (text, as it was sent), `Sentiment_Score` (float64, 0..1, missing where there
        is an error) and `error` (text, missing where there is a score).
        """
        download = self._download(job)
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            while run := (yield from download.next()):
                file.write(run)
            file.seek(0)
            frame: pd.DataFrame = yield Work(partial(read_results, file))
        return frame

    def _download(self, job: AnyJob) -> "Download":
        return Download(self, f"{path_of(job)}/results", {"Accept": "text/csv"})


class Download:
    """The body of an answer. Where it is cut it goes on, if it is still the same."""

    def __init__(self, requests: Requests, path: str, headers: dict[str, str]) -> None:
        self._requests = requests
        self._path = path
        # Packed, nobody could say from which byte on it is wanted.
        self._headers = {**headers, "Accept-Encoding": "identity"}
        self._attempts = Attempts(requests.retries)
        self._opened: Opened | None = None
        self._received = 0
        self._etag = ""

    def next(self) -> Steps[bytes | None]:
        """The next run of bytes; None at the end."""
        while True:
            if self._opened is None:
                yield from self._open()
                continue
            try:
                run: bytes | None = yield Take(self._opened)
            except httpx.TransportError as error:
                self._opened = None
                pause = self._attempts.pause_after(error, answered=True) if self._etag else None
                if pause is None:
                    raise self._requests.plain(error) from error
                yield Pause(pause)
                continue
            self._attempts.went_well()
            self._received += len(run or b"")
            return run

    def _open(self) -> Steps[None]:
        headers = dict(self._headers)
        if self._received:
            headers |= {"Range": f"bytes={self._received}-", "If-Range": self._etag}
        send = Send("GET", self._path, headers=headers, stream=True)
        self._opened = yield from self._requests.attempt(send, self._attempts)
        if self._opened is None:
            return
        if self._received and self._opened.head.status_code != httpx.codes.PARTIAL_CONTENT:
            raise Unreachable("The connection was cut, and the results are others now. Try again.")
        self._etag = self._opened.head.headers.get("ETag", "")
