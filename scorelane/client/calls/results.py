"""Calls that fetch results."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from scorelane.client.atomic_file import atomic_file
from scorelane.client.download import Download
from scorelane.client.frames import read_results
from scorelane.client.io_steps import Emit, EmittingSteps, Steps, Work
from scorelane.client.job_state import AnyJob, path_of
from scorelane.client.partial_download import PartialDownload
from scorelane.client.request import J, Requests
from scorelane.client.sync_async import call, iterator

if TYPE_CHECKING:
    import pandas as pd

#: What results can be had as. A job is sent with the one that it is kept in (`submit(format=...)`).
Format = Literal["csv", "ndjson", "parquet"]

#: The format of a file, by its ending.
FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
}

#: A result of more bytes than this is on the disk while it is made into a DataFrame.
IN_MEMORY = 64 << 20


class ResultCalls(Requests[J]):
    """Fetches results."""

    @iterator
    def chunks(
        self,
        job: AnyJob,
        format: Format = "csv",  # noqa: A002  the service's word
        *,
        partial: bool = False,
        follow: bool = False,
    ) -> EmittingSteps[bytes]:
        """The results as a file, in runs of bytes.

        Where the connection is cut it is made anew, and goes on where it was. Of whole results that
        can be done in the format that they are kept in; in any other a cut is an error.

        Args:
            job: the job, or its id.
            format: `csv`, `ndjson` or `parquet`.
            partial: also of a job that has not succeeded: what there is now; no Parquet.
            follow: also what comes while it runs, to its end: the same bytes as of whole results,
                where it succeeds; no Parquet.
        """
        download = self._download(job, format, partial=partial, follow=follow)
        while run := (yield from download.next()):
            yield Emit(run)

    @call
    def save(
        self,
        job: AnyJob,
        path: str | Path,
        format: Format | None = None,  # noqa: A002  see above
        *,
        partial: bool = False,
    ) -> Steps[Path]:
        """Write the results to a file, which appears when it is whole, and not before.

        Args:
            job: the job, or its id.
            path: the file; an older one is replaced.
            format: None: by the ending of the path (`.csv`, `.ndjson`, `.parquet`), CSV else.
            partial: see `chunks`.

        Raises:
            OSError: the file cannot be written.
        """
        path = Path(path)
        with atomic_file(path) as file:
            kind = format or FORMATS.get(path.suffix.lower(), "csv")
            yield from self._fetch(job, kind, file, partial=partial)
        return path

    @call
    def as_frame(self, job: AnyJob, *, partial: bool = False) -> "Steps[pd.DataFrame]":
        """The results as a DataFrame of pandas', in the order of the rows.

        With `partial` also of a job that has not succeeded: the rows that are done.

        Columns: `ref` (text, as it was sent), `Sentiment_Score` (float64, 0..1, missing where there
        is an error), `error` (text, missing where there is a score), and those that were carried
        through (texts).
        """
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            yield from self._fetch(job, "csv", file, partial=partial)
            file.seek(0)
            frame: pd.DataFrame = yield Work(lambda: read_results(file))
        return frame

    @iterator
    def rows(self, job: AnyJob, *, partial: bool = False) -> EmittingSteps[dict[str, Any]]:
        """The results row by row, in their order, each once; in constant memory.

        With `partial` also of a job that has not succeeded: those that are done now (`follow`
        waits for the others too).

        Each is a dict of `ref`, `Sentiment_Score`, `error` and the columns carried through.
        """
        given, come, rest = 0, 0, b""

        def anew() -> None:
            nonlocal come, rest
            come, rest = 0, b""

        download = self._download(job, "ndjson", anew, partial=partial)
        while run := (yield from download.next()):
            *lines, rest = (rest + run).split(b"\n")
            for line in lines:
                come += 1
                if come > given:
                    given = come
                    yield Emit(json.loads(line))

    def _fetch(self, job: AnyJob, kind: Format, file: Any, *, partial: bool) -> Steps[None]:
        def anew() -> None:
            file.seek(0)
            file.truncate()

        download = self._download(job, kind, anew, partial=partial)
        while run := (yield from download.next()):
            file.write(run)

    def _download(
        self,
        job: AnyJob,
        kind: Format,
        on_anew: Callable[[], object] | None = None,
        *,
        partial: bool = False,
        follow: bool = False,
    ) -> Download | PartialDownload:
        path, params = f"{path_of(job)}/results", {"format": kind}
        if partial or follow:
            return PartialDownload(self, path, params, follow=follow)
        return Download(self, path, params, on_anew)
