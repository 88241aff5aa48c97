"""Calls that download results."""

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from scorelane.client.atomic_file import atomic_file
from scorelane.client.direct_download import DirectDownload
from scorelane.client.download import Download
from scorelane.client.errors import ClientError
from scorelane.client.frame_results import has_only_scores, read_results
from scorelane.client.io_steps import Compute, Emit, EmittingSteps, Send, Steps
from scorelane.client.job_state import AnyJob, JobState, path_of
from scorelane.client.partial_download import PartialDownload
from scorelane.client.reconnecting import ReconnectingReader
from scorelane.client.request import J, Requests
from scorelane.client.result_dialect import delimiter_of, rewrite
from scorelane.client.signature import SENTIMENT, Column
from scorelane.client.sync_async import call, iterator

if TYPE_CHECKING:
    import pandas as pd

#: The formats of results. `submit(format=...)` chooses the one that the service stores; it converts
#: to the others on download.
Format = Literal["csv", "ndjson", "parquet"]

#: Suffix of a file -> format.
FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
}

#: `as_frame` keeps a larger result CSV than this, in bytes, in a temporary file.
MAX_BYTES_IN_MEMORY = 64 << 20

#: Suffixes of files that would not hold what they promise: other tables, and compressed files.
_OTHER_FORMATS = frozenset({
    ".arrow", ".avro", ".br", ".bz2", ".feather", ".gz", ".htm", ".html", ".json", ".ods", ".orc",
    ".pickle", ".pkl", ".tab", ".tar", ".tgz", ".tsv", ".xls", ".xlsb", ".xlsm", ".xlsx", ".xml",
    ".xz", ".yaml", ".yml", ".zip", ".zst",
})  # fmt: skip


def format_of(path: Path) -> Format:
    """Return the format that the suffix of a file stands for; CSV if it stands for none.

    Raises:
        ValueError: it stands for a format that results cannot be written in.
    """
    suffix = path.suffix.lower()
    if suffix in _OTHER_FORMATS:
        raise ValueError(
            f"Results cannot be written as '{suffix}'. Name the file {path.name.split('.')[0]}.csv,"
            " .ndjson or .parquet, or give the format that it should have all the same."
        )
    return FORMATS.get(suffix, "csv")


class ResultCalls(Requests[J]):
    """Downloads results."""

    @iterator
    def chunks(
        self,
        job: AnyJob,
        format: Format = "csv",  # noqa: A002  the service's name
        *,
        partial: bool = False,
        follow: bool = False,
        direct: bool = False,
    ) -> EmittingSteps[bytes]:
        """Yield the results as the bytes of a file, in chunks.

        If the connection is cut, the client reconnects and continues where it stopped. For complete
        results this works in the format that they are stored in; in another one a cut is an error.

        Args:
            job: the job, or its id.
            format: `csv`, `ndjson` or `parquet`.
            partial: of a job that has not succeeded, yield the results it has now; not as Parquet.
            follow: also yield the results that come while the job runs, until it ends. If it
                succeeds, the bytes equal those of its complete results; not as Parquet.
            direct: of a job that has succeeded, read them from object storage itself, if the
                service keeps them there; otherwise, and if that fails, from the service.

        Raises:
            scorelane.client.errors.JobNotFinished: the job has not ended, and neither `partial` nor
                `follow` is set.
            scorelane.client.errors.NoResults: the job failed or was cancelled, likewise.
            scorelane.client.errors.Unreachable: the connection was cut, and the client cannot
                continue.
        """
        download = self._download(job, format, partial=partial, follow=follow, direct=direct)
        while chunk := (yield from download.next()):
            yield Emit(chunk)

    @call
    def save(
        self,
        job: AnyJob,
        path: str | os.PathLike[str],
        format: Format | None = None,  # noqa: A002  the service's name
        *,
        partial: bool = False,
        delimiter: str | None = None,
        bom: bool = False,
        direct: bool = False,
    ) -> Steps[Path]:
        """Write the results to a file, which appears only when it is complete. Returns its path.

        Args:
            job: the job, or its id.
            path: the file; an existing one is replaced.
            format: None: by the suffix of the path (`.csv`, `.ndjson`, `.jsonl`, `.parquet`), and
                CSV if it says nothing of a format.
            delimiter: of a CSV: a character, or `semicolon`, `tab` or `pipe`; None: a comma. Excel
                splits cells at a semicolon where numbers are written with a comma.
            bom: whether a CSV begins with a byte order mark, without which Excel does not read it
                as UTF-8.
            partial: of a job that has not succeeded, write the results it has now; not as Parquet.
            direct: as for `chunks`.

        Raises:
            OSError: the file cannot be written.
            ValueError: the suffix promises a format that results cannot be written in, or
                `delimiter` or `bom` does not fit.
        """
        path = Path(path)
        is_table = delimiter is not None and path.suffix.lower() in (".tsv", ".tab")
        file_format = format or ("csv" if is_table else format_of(path))
        if file_format != "csv" and (delimiter or bom):
            raise ValueError(f"delimiter and bom are for CSV, and {path.name} is {file_format}.")
        cells_end_at = delimiter_of(delimiter or ",")
        with atomic_file(path) as file:
            if cells_end_at == "," and not bom:
                yield from self._write(job, file_format, file, partial=partial, direct=direct)
                return path
            with tempfile.SpooledTemporaryFile(MAX_BYTES_IN_MEMORY) as plain:
                yield from self._write(job, "csv", plain, partial=partial, direct=direct)
                plain.seek(0)
                yield Compute(lambda: rewrite(plain, file, cells_end_at, bom=bom))
        return path

    @call
    def as_frame(self, job: AnyJob, *, partial: bool = False) -> "Steps[pd.DataFrame]":
        """Return the results as a DataFrame of pandas, in the order of the rows.

        Its columns are `ref` (string, as it was sent); the outputs of the model, such as
        `Sentiment_Score` (float64, 0..1) or `label`, which are missing if the row has an error;
        `error` (string, missing if it has none); and the columns that `submit(columns=...)` named
        (strings). An output of type `double` is float64, a `long` int64 (`Int64` if some are
        missing), a `boolean` bool (`boolean`).

        Args:
            job: the job, or its id.
            partial: of a job that has not succeeded, return the rows that are done.
        """
        with tempfile.SpooledTemporaryFile(MAX_BYTES_IN_MEMORY) as file:
            yield from self._write(job, "csv", file, partial=partial)
            outputs = yield from self._outputs_in(file, job)
            frame: pd.DataFrame = yield Compute(lambda: read_results(file, outputs))
        return frame

    def _outputs_in(self, file: IO[bytes], job: AnyJob) -> Steps[Sequence[Column]]:
        """Return the outputs in a result CSV; asks for the job only if it must."""
        if has_only_scores(file):
            return SENTIMENT.outputs
        state = job if isinstance(job, JobState) else None
        body = state.representation if state else (yield from self._json(Send("GET", path_of(job))))
        with self.valid_response():
            # An older service names no outputs, because all its results have the sentiment score.
            return tuple(map(Column.from_json, body.get("outputs", ()))) or SENTIMENT.outputs

    @iterator
    def rows(self, job: AnyJob, *, partial: bool = False) -> EmittingSteps[dict[str, Any]]:
        """Yield the results row by row, in order, each once, in constant memory.

        Each is a dict of `ref`, the outputs of the model (such as `Sentiment_Score`; None if the
        row has an error), `error` and the columns that `submit(columns=...)` named.

        Args:
            job: the job, or its id.
            partial: of a job that has not succeeded, yield the rows that are done now. `follow`
                also waits for the others.
        """
        emitted, received, rest = 0, 0, b""

        def restart() -> None:
            nonlocal received, rest
            received, rest = 0, b""

        download = self._download(job, "ndjson", restart, partial=partial)
        while chunk := (yield from download.next()):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                received += 1
                if received > emitted:
                    emitted = received
                    yield Emit(json.loads(line))
        if rest:
            raise ClientError("The results end in the middle of a row. Read them again.")

    def _write(
        self, job: AnyJob, kind: Format, file: Any, *, partial: bool, direct: bool = False
    ) -> Steps[None]:
        def restart() -> None:
            file.seek(0)
            file.truncate()

        download = self._download(job, kind, restart, partial=partial, direct=direct)
        while chunk := (yield from download.next()):
            file.write(chunk)

    def _download(
        self,
        job: AnyJob,
        kind: Format,
        on_restart: Callable[[], object] | None = None,
        *,
        partial: bool = False,
        follow: bool = False,
        direct: bool = False,
    ) -> ReconnectingReader[bytes]:
        path, params = f"{path_of(job)}/results", {"format": kind}
        if partial or follow:
            return PartialDownload(self, path, params, follow=follow)
        if direct:
            return DirectDownload(self, path, params, on_restart)
        return Download(self, path, params, on_restart)
