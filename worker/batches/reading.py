"""Looks at the requests of a batch, all of them before any is scored, and stores their rows."""

import logging

from shared.config.settings import Settings
from shared.jobs.job import Spec
from shared.storage.batches import ENDPOINT, batches
from shared.storage.blobs import Blobs
from worker.batches.validation import Lines, convert

logger = logging.getLogger(__name__)


class InvalidRequests(Exception):
    """A batch's input has problems, so nothing of it is scored; the batch says which they are."""


def read_requests(blobs: Blobs, spec: Spec, settings: Settings) -> int:
    """Store the rows of a batch, and give their number.

    May be done again, and by two at once: the same input makes the same rows, which appear whole.

    Args:
        blobs: where the input is, and the rows will be.
        spec: of the batch's job.
        settings: have the limits.

    Raises:
        NotAsItMustBe: there are problems; they are noted in the record of the batch.
        FileNotFoundError: the input is not there any more.
    """
    with (
        blobs.open(spec.upload_key) as requests,
        blobs.writing(spec.all_rows_key) as rows,
    ):
        found = convert(
            requests,
            rows,
            size=spec.size,
            endpoint=ENDPOINT,
            max_line_bytes=settings.max_record_bytes,
        )
        if found.problems:
            _note(blobs, spec, found)
            # Within the block, so that no rows appear.
            raise InvalidRequests(_said(found))
    return found.rows


def _note(blobs: Blobs, spec: Spec, found: Lines) -> None:
    shelf = batches(blobs)
    # Of a retry of its job there is none.
    if batch := shelf.find(spec.owner, spec.id):
        shelf.put(batch.model_copy(update={"problems": tuple(found.problems)}))


def _said(found: Lines) -> str:
    first = found.problems[0]
    where = f"Line {first.line}" if first.line else "The file"
    return f"{where} of the input: {first.message}"
