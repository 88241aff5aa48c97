"""Makes the one Parquet file of a job from its result parts, when all of them are done."""

import logging
import time
from collections.abc import Iterator

from shared.jobs.job import Spec
from shared.jobs.job_store import FINISH, JobStore
from shared.storage.blobs import Blobs
from shared.tables.result_formats import part_format
from worker.steps.endings import Endings
from worker.steps.leases import LeaseRenewer

logger = logging.getLogger(__name__)


class ParquetOutput:
    """Makes the file of a job under a lease, so that no two processes make it at a time."""

    def __init__(
        self, *, store: JobStore, blobs: Blobs, lease_renewer: LeaseRenewer, endings: Endings
    ) -> None:
        """Take the collaborators."""
        self._store = store
        self._blobs = blobs
        self._lease_renewer = lease_renewer
        self._endings = endings

    def make(self, spec: Spec) -> bool:
        """Make the file of a job whose parts are all done.

        Returns:
            Whether this process has made it. If not, the job has ended, is held up, or another
            process makes the file.
        """
        if not self._store.begin_finish(spec.id):
            return False
        try:
            with self._lease_renewer.renewing(lambda: self._store.renew_part(spec.id, FINISH)):
                assemble(self._blobs, spec, self._store.last_part(spec.id)[0])
        except FileNotFoundError:
            # The job was deleted meanwhile, or somebody has removed a part from the blob store.
            reason = "Its results are not in the blob store any more. Submit it again."
            self._endings.fail(spec.id, reason)
        except OSError as error:
            self._endings.hold_up(spec.id, FINISH, "its results cannot be put together", error)
        else:
            return True
        finally:
            self._endings.remove_if_deleted(spec)
        return False


def assemble(blobs: Blobs, spec: Spec, parts: int) -> None:
    """Write the Parquet file of a job in constant memory; it appears when it is complete.

    It may run again: the same parts make the same file.

    Args:
        blobs: holds the parts, and gets the file.
        spec: the spec of the job.
        parts: the number of parts.

    Raises:
        FileNotFoundError: a part is missing.
        OSError: the file cannot be written, or a part cannot be read.
    """
    # Imported here, because most jobs are not Parquet and pyarrow takes memory.
    from shared.tables.parquet_results import parquet_of  # noqa: PLC0415

    started = time.perf_counter()

    def contents() -> Iterator[bytes]:
        for number in range(parts):
            yield blobs.read(spec.result_key(number))

    with blobs.writing(spec.whole_key) as file:
        for chunk in parquet_of(contents(), part_format(spec), spec.columns):
            file.write(chunk)
    logger.debug("assembled job=%s %.3f s", spec.id, time.perf_counter() - started)
