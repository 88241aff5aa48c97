"""Calls that send rows: as a job, or a few to be answered at once."""

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from scorelane.answers import JobState
from scorelane.both import call
from scorelane.requests import Requests, given
from scorelane.steps import Send, Steps
from scorelane.uploads import upload_of

#: The answer to an upload comes when it is on the disk: seconds that the service may take for that.
STORING_SECONDS = 300.0


class Submissions(Requests):
    """Sends rows."""

    @call
    def submit(
        self,
        source: str | Path | bytes | BinaryIO,
        *,
        model: str | None = None,
        text_column: str | None = None,
        ref_column: str | None = None,
        media_type: str | None = None,
        idempotency_key: str | None = None,
        on_sent: Callable[[int], object] | None = None,
    ) -> Steps[JobState]:
        """Send rows, in constant memory; they are scored from now on.

        Args:
            source: a path, the content, or a file open for reading bytes.
            model: a model's name; the service has a default.
            text_column: the column of the texts, if it is not `text`.
            ref_column: the column of the references, if it is not `ref`.
            media_type: what the source is; by default the ending of a path says it (`.csv`,
                `.json`, each also with `.gz`), and anything else is `text/csv`.
            idempotency_key: sent again with every attempt, so that one job comes of them; by
                default a new one for each call.
            on_sent: told how many bytes were sent so far.

        Raises:
            OSError: the file cannot be read.
            scorelane.problems.SourceSpent: the upload was cut, and the source can be read only
                once.
        """
        upload = upload_of(source, media_type)
        upload.on_sent = on_sent
        return (
            yield from self._job(
                Send(
                    "POST",
                    "/jobs",
                    params=given(model=model, text_column=text_column, ref_column=ref_column),
                    headers={"Idempotency-Key": idempotency_key or uuid.uuid4().hex},
                    upload=upload,
                    read_timeout=STORING_SECONDS,
                )
            )
        )

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
