"""Makes the results of a job complete, when all of its parts are done."""

from functools import partial

from shared.errors.input import PlaceError
from shared.errors.service import DataDamaged
from shared.jobs.job import Spec
from shared.jobs.job_store import FINISH, Begun, JobStore
from shared.storage.blobs import Blobs, for_each
from worker.steps import parquet_output
from worker.steps.endings import Endings
from worker.steps.leases import LeaseRenewer
from worker.steps.output import Output
from worker.steps.parquet_input import CHECK_BYTES
from worker.steps.part_scorer import PartScorer


class Finisher:
    """Checks and joins results under a lease, so that no two processes do it at a time."""

    def __init__(
        self,
        *,
        store: JobStore,
        blobs: Blobs,
        lease_renewer: LeaseRenewer,
        endings: Endings,
        part_scorer: PartScorer,
        output: Output,
    ) -> None:
        """Take the collaborators."""
        self._store = store
        self._blobs = blobs
        self._lease_renewer = lease_renewer
        self._endings = endings
        self._part_scorer = part_scorer
        self._output = output

    def make(self, spec: Spec) -> bool:
        """Check the results of a job whose parts are all done, and bring them where they belong.

        For Parquet that is one file of all parts, and for a job with an output also a folder of the
        user.

        Returns:
            Whether this process has done so. If not, the job has ended, is held up, or another
            process does it.
        """
        if not self._store.begin_finish(spec.id):
            return False
        try:
            with self._lease_renewer.renewing(lambda: self._store.renew_part(spec.id, FINISH)):
                parts = self._store.last_part(spec.id)[0]
                # Now, because the end of the job deletes the upload.
                for number in self._damaged(spec, parts):
                    self._score_again(spec, number)
                if spec.result_format == "parquet":
                    parquet_output.assemble(self._blobs, spec, parts)
                return not spec.output or self._output.deliver(spec)
        except FileNotFoundError:
            # The job was deleted meanwhile, or somebody has removed a part from the blob store.
            reason = "Its results are not in the blob store any more. Submit it again."
            self._endings.fail(spec.id, reason)
        except PlaceError as error:
            # A damaged result cannot be made again.
            self._endings.fail(spec.id, str(error))
        except OSError as error:
            self._endings.hold_up(spec.id, FINISH, "its results cannot be put together", error)
        finally:
            self._endings.remove_if_deleted(spec)
        return False

    def _damaged(self, spec: Spec, parts: int) -> list[int]:
        """The parts of which what is stored was damaged on the disk, or is gone."""
        is_whole = for_each(self._blobs, partial(self._is_whole, spec), range(parts))
        return [number for number, whole in enumerate(is_whole) if not whole]

    def _is_whole(self, spec: Spec, number: int) -> bool:
        keys = [spec.result_key(number)]
        if spec.as_batch and not spec.retry_of:
            # A retry is no batch: what it takes over has no lines of a batch.
            keys.append(spec.batch_key(number))
        try:
            for key in keys:
                with self._blobs.open(key) as file:
                    while file.read(CHECK_BYTES):
                        pass
        except (DataDamaged, FileNotFoundError):
            return False
        return True

    def _score_again(self, spec: Spec, number: int) -> None:
        # Its rows are counted already; the same rows get the same scores.
        [part] = self._store.parts(spec.id, number, number + 1)
        for key, content in self._part_scorer.score(spec, number, Begun(part, 1)).blobs.items():
            self._blobs.put(key, content)
