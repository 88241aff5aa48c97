"""Writes all results of a job as one direct file, which clients download from object storage."""

import hashlib
import logging
from contextlib import closing

from shared.errors.service import DataDamaged
from shared.jobs.job import Job
from shared.jobs.keys import direct_key_of, direct_record_key_of
from shared.jobs.result_names import MEDIA_TYPES, file_name
from shared.jobs.state import State
from shared.storage.blobs import Blobs
from shared.storage.direct_files import DirectFile, DirectFiles
from worker.steps.endings import Endings
from worker.steps.result_file import result_chunks

logger = logging.getLogger(__name__)


class Joiner:
    """Writes direct files. Two processes may write that of one job: both write the same bytes."""

    def __init__(self, *, blobs: Blobs, files: DirectFiles | None, endings: Endings) -> None:
        """Take the collaborators; `files` is None if the blobs are not in object storage."""
        self._blobs = blobs
        self._files = files
        self._endings = endings

    def join(self, job_id: str) -> DirectFile | None:
        """Write the direct file of a job that has succeeded, and then the record that says so.

        If that fails, nothing is left of it, and downloads go on as without it.

        Returns:
            What was written; None if there was nothing to do, or it failed.
        """
        job = self._endings.find(job_id)
        if self._files is None or job is None or job.state is not State.SUCCEEDED:
            return None
        if job.spec.kind == "small" or self._blobs.exists(direct_record_key_of(job_id)):
            return None
        try:
            written = self._write(self._files, job)
        except (DataDamaged, FileNotFoundError) as error:
            # The download through the API says which rows are lost.
            logger.warning("job=%s has no direct file: %s", job_id, error)
            return None
        except OSError as error:
            logger.warning("job=%s has no direct file yet: %s", job_id, error.strerror)
            return None
        finally:
            self._endings.remove_if_deleted(job.spec)
        return written

    def _write(self, files: DirectFiles, job: Job) -> DirectFile:
        spec, form = job.spec, job.spec.result_format
        digest, size = hashlib.sha256(), 0
        key, name = direct_key_of(spec.id, form), f"{file_name(job)}.{form}"
        with (
            closing(result_chunks(self._blobs, spec, range(job.parts))) as chunks,
            files.writing(key, MEDIA_TYPES[form], name) as file,
        ):
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        written = DirectFile(size=size, sha256=digest.hexdigest())
        self._blobs.put(direct_record_key_of(spec.id), written.model_dump_json().encode())
        return written
