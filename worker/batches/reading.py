"""Checks the requests of a batch, all of them before any is scored, and stores their rows."""

from shared.config.settings import Settings
from shared.errors.service import DataDamaged
from shared.jobs.job_store import JobStore
from shared.jobs.spec import Spec
from shared.storage.batches import ENDPOINT, batches
from shared.storage.blobs import Blobs
from worker.batches.validation import Findings, convert
from worker.steps.endings import Endings
from worker.steps.leases import LeaseRenewer


class InvalidRequests(ValueError):
    """The input of a batch has problems; the message is the first of them."""


class BatchReader:
    """Reads the input of batches, and fails the jobs of those that are not valid."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: JobStore,
        blobs: Blobs,
        lease_renewer: LeaseRenewer,
        endings: Endings,
    ) -> None:
        """Take the collaborators."""
        self._settings = settings
        self._store = store
        self._blobs = blobs
        self._lease_renewer = lease_renewer
        self._endings = endings

    def read(self, spec: Spec) -> int | None:
        """Store the rows of a batch.

        Returns:
            Their number; 0 if they were stored before. None if the job cannot go on, because its
            requests are invalid, its upload is lost, or the disk fails.
        """

        def renew() -> None:
            # A split renews its lease by adding parts; this adds none, so it is safe to repeat.
            # Without lanes it hands out no step, which nobody would dispatch.
            self._store.add_parts(spec.id, [], known=0, last=False, lanes=0)

        try:
            with self._lease_renewer.renewing(renew):
                # Another process may have stored them, and died before it dispatched the split.
                stored = self._blobs.exists(spec.all_rows_key)
                rows = 0 if stored else read_requests(self._blobs, spec, self._settings)
        except InvalidRequests as problem:
            self._endings.refuse_requests(spec, str(problem))
        except FileNotFoundError:
            self._endings.fail_lost_upload(spec.id)
        except DataDamaged:
            self._endings.fail_damaged_upload(spec.id, 0)
        except OSError as error:
            self._endings.hold_up(spec.id, 0, "its requests cannot be read or stored", error)
        else:
            self._endings.remove_rows_if_ended(spec)
            return rows
        return None


def read_requests(blobs: Blobs, spec: Spec, settings: Settings) -> int:
    """Store the rows of a batch, and return their number.

    It may run again, and in two processes at once: the same input makes the same rows, and they
    appear only when they are complete.

    Args:
        blobs: holds the input, and gets the rows.
        spec: the spec of the batch's job.
        settings: the limits.

    Raises:
        InvalidRequests: the input has problems; they are stored in the record of the batch.
        FileNotFoundError: the input is not there any more.
        shared.errors.service.DataDamaged: it is not as it was sent.
    """
    with (
        blobs.open(spec.upload_key) as requests,
        blobs.writing(spec.all_rows_key) as rows,
    ):
        findings = convert(
            requests,
            rows,
            size=spec.size,
            endpoint=ENDPOINT,
            max_line_bytes=settings.max_record_bytes,
        )
        if findings.problems:
            _record_problems(blobs, spec, findings)
            # Raised within the block, so that no rows appear.
            raise InvalidRequests(_first_problem(findings))
    return findings.rows


def _record_problems(blobs: Blobs, spec: Spec, findings: Findings) -> None:
    records = batches(blobs)
    # A retry of the job has no record of a batch.
    if batch := records.find_whole(spec.owner, spec.id):
        records.put(batch.model_copy(update={"problems": tuple(findings.problems)}))


def _first_problem(findings: Findings) -> str:
    first = findings.problems[0]
    where = f"Line {first.line}" if first.line else "The file"
    return f"{where} of the input: {first.message}"
