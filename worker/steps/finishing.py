"""Makes the results of a job complete, when all of its parts are done."""

from functools import partial

from shared.errors.input import PlaceError
from shared.errors.service import DataDamaged
from shared.jobs.digest import Digest, Digester
from shared.jobs.job_store import FINISH, Begun, JobStore
from shared.jobs.spec import Spec
from shared.storage.blobs import Blobs
from shared.tables.result_formats import part_format
from worker.steps import parquet_output
from worker.steps.endings import Endings
from worker.steps.leases import LeaseRenewer
from worker.steps.output import Output
from worker.steps.parquet_input import CHECK_BYTES
from worker.steps.part_scorer import PartScorer
from worker.steps.result_file import ahead


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

    def make(self, spec: Spec) -> Digest | None:
        """Check the results of a job whose parts are all done, and bring them where they belong.

        For Parquet that is one file of all parts, and for a job with an output also a folder of the
        user.

        Returns:
            The digest of the results in the job's format, as they are downloaded. None if this
            process has not done so: the job has ended, is held up, or another process does it.
        """
        if not self._store.begin_finish(spec.id):
            return None
        try:
            with self._lease_renewer.renewing(lambda: self._store.renew_part(spec.id, FINISH)):
                parts = self._store.last_part(spec.id)[0]
                # Now, because the end of the job deletes the upload.
                digest = self._checked(spec, parts)
                if spec.result_format == "parquet":
                    digest = parquet_output.assemble(self._blobs, spec, parts)
                return digest if not spec.output or self._output.deliver(spec) else None
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
        return None

    def _checked(self, spec: Spec, parts: int) -> Digest:
        """Read all results, and score those again that were damaged on the disk, or are gone.

        Returns:
            The digest of a file of them, with the header of its format.
        """
        digester = Digester()
        digester.update(part_format(spec).header(spec.result_columns))
        contents = ahead(self._blobs, partial(self._whole, spec), range(parts))
        for number, content in enumerate(contents):
            digester.update(self._scored_again(spec, number) if content is None else content)
        return digester.digest

    def _whole(self, spec: Spec, number: int) -> bytes | None:
        """The result of a part; None if what is stored of the part is damaged or gone."""
        try:
            if spec.as_batch and not spec.retry_of:
                # A retry is no batch: what it takes over has no lines of a batch.
                with self._blobs.open(spec.batch_key(number)) as file:
                    while file.read(CHECK_BYTES):
                        pass
            return self._blobs.read(spec.result_key(number))
        except (DataDamaged, FileNotFoundError):
            return None

    def _scored_again(self, spec: Spec, number: int) -> bytes:
        # Its rows are counted already; the same rows get the same scores.
        [part] = self._store.parts(spec.id, number, number + 1)
        blobs = self._part_scorer.score(spec, number, Begun(part, 1)).blobs
        for key, content in blobs.items():
            self._blobs.put(key, content)
        return blobs[spec.result_key(number)]
