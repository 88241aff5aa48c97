"""Finds the direct file of a job's results, and has a worker write it at the first request."""

import logging
import time
from threading import Lock

from api.process.job_waits import JobWaits
from shared.dispatch import Dispatch
from shared.jobs.keys import direct_record_key_of
from shared.jobs.spec import Spec
from shared.storage.blobs import Blobs
from shared.storage.direct_files import DirectFile, DirectFiles

logger = logging.getLogger(__name__)

#: How often it is looked whether a worker has written a file, in seconds.
_LOOK_SECONDS = 0.25

#: A process asks for the same file no more often than this, in seconds.
_ASK_SECONDS = 30.0


class DirectDownloads:
    """Direct files of results, for all requests of one API process."""

    def __init__(
        self, files: DirectFiles, *, blobs: Blobs, dispatch: Dispatch, waits: JobWaits
    ) -> None:
        """Take what signs addresses, where the records are, what asks workers, and the waits."""
        self._files = files
        self._blobs = blobs
        self._dispatch = dispatch
        self._waits = waits
        self._asked: dict[str, float] = {}
        self._lock = Lock()

    def find(self, spec: Spec, seconds: int) -> DirectFile | None:
        """The direct file of a bulk job that has succeeded, or None if it is not there in time.

        If it is not there, a worker is asked for it.

        Args:
            spec: of the job.
            seconds: how long to wait for the worker.

        Raises:
            shared.errors.service.DataDamaged: the record of the file is not as it was written.
            OSError: the blob store did not answer.
        """
        if found := self._read(spec):
            return found
        if self._may_ask(spec.id):
            self._dispatch.join(spec.full_name, spec.id)

        def wait(left: float) -> bool:
            time.sleep(min(left, _LOOK_SECONDS))
            return self._blobs.exists(direct_record_key_of(spec.id))

        return self._read(spec) if self._waits.until(wait, seconds) else None

    def sign(self, key: str) -> str:
        """A signed address; see `shared.storage.direct_files.DirectFiles.sign`."""
        return self._files.sign(key)

    def _read(self, spec: Spec) -> DirectFile | None:
        try:
            content = self._blobs.read(direct_record_key_of(spec.id))
        except FileNotFoundError:
            return None
        return DirectFile.model_validate_json(content)

    def _may_ask(self, job_id: str) -> bool:
        """Whether to send a message: clients that ask again should not fill the queue with them."""
        now = time.monotonic()
        with self._lock:
            self._asked = {one: at for one, at in self._asked.items() if now - at < _ASK_SECONDS}
            return self._asked.setdefault(job_id, now) == now
