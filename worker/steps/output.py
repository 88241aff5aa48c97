"""Writes the results of a job to the folder of a user, complete or not at all.

There is one file, which no other job has the name of, and then the manifest, which is created only
if there is none. A note in the blob store says that the folder was begun. It is written before, and
removed when the job has succeeded, or when nothing is left in the folder; so what a process that
died has left there is found, even if its job is deleted.
"""

import hashlib
import json
import logging
import time
from contextlib import closing
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.errors.output import OutputDenied, OutputTaken
from shared.jobs.job import Job
from shared.jobs.job_store import FINISH, JobStore
from shared.jobs.keys import output_folder_of, output_key_of
from shared.jobs.result_names import MEDIA_TYPES
from shared.jobs.spec import Spec
from shared.jobs.state import State
from shared.places.address import place_of
from shared.places.output_folder import (
    MANIFEST,
    OpenOutput,
    OutputFolder,
    OutputUnavailable,
    job_in,
)
from shared.storage.blobs import Blobs
from shared.storage.manifest import has_manifest
from shared.telemetry.timestamps import rfc3339
from worker.steps.endings import Endings
from worker.steps.result_file import result_chunks

logger = logging.getLogger(__name__)

#: How often it is looked whether a job was cancelled while its results are written, in seconds.
_LOOK_SECONDS = 2.0


class _JobOver(Exception):
    """The job has ended, or was deleted, while its results were written."""


class Note(BaseModel):
    """What the note of a job in the blob store says.

    Attributes:
        output: the address of the folder.
        name: the name of the file in it.
    """

    model_config = ConfigDict(frozen=True)

    output: str
    name: str


class Output:
    """Writes results to folders of users, and removes what jobs without success have left there."""

    def __init__(
        self, *, store: JobStore, blobs: Blobs, endings: Endings, open_output: OpenOutput
    ) -> None:
        """Take the collaborators; `open_output` opens the folder of a place."""
        self._store = store
        self._blobs = blobs
        self._endings = endings
        self._open = open_output

    def deliver(self, spec: Spec) -> bool:
        """Write the results of a job and their manifest, in the lease of its finish.

        If that can never be, the job fails, and its rows stay where they are.

        Returns:
            Whether the folder has them. If not, the job has ended, or is held up.

        Raises:
            FileNotFoundError, shared.errors.service.DataDamaged, OSError: see `result_chunks`.
        """
        try:
            self._write(spec)
        except _JobOver:
            self.retract(spec.id, spec)
        except FileNotFoundError:
            # The job was deleted meanwhile. Otherwise it fails, and the sweep comes back to it.
            self.retract(spec.id, spec)
            raise
        except (OutputTaken, OutputDenied) as error:
            advice = f"All rows are at /jobs/{spec.id}/results?partial=true; or retry the job."
            self._endings.fail(spec.id, f"{error} {advice}")
            self.retract(spec.id, spec)
        except OutputUnavailable as error:
            what = f"its results cannot be written to {spec.output}"
            self._endings.hold_up(spec.id, FINISH, what, error)
        else:
            return True
        return False

    def _write(self, spec: Spec) -> None:
        folder, job = self._open(place_of(spec.output)), self._running(spec)
        if _has(folder, spec):
            return
        note = _note_of(spec)
        self._blobs.put(output_key_of(spec.id), note.model_dump_json().encode())
        folder.abort(note.name)
        written = self._write_file(folder, job, note.name)
        manifest = _manifest(job, {"name": note.name, **written}, rfc3339(self._store.now()))
        self._running(spec)
        if not folder.create(MANIFEST, manifest) and not _has(folder, spec):
            raise OutputTaken(address=spec.output, job="that is gone")

    def close(self, spec: Spec) -> None:
        """Forget the folder of a job that has succeeded: what is there is the user's."""
        self._blobs.delete(output_folder_of(spec.id))

    def retract(self, job_id: str, spec: Spec | None = None) -> None:
        """Remove what a job has left in its folder, unless it has succeeded or goes on.

        If nobody knows the job any more, and its manifest is there, all stays: the job may have
        succeeded before it was deleted.

        Args:
            job_id: the job.
            spec: of the job, if it is known; it may have no note any more.
        """
        note, job = _note_of(spec) if spec else self._noted(job_id), self._endings.find(job_id)
        if note is None or (job is None and has_manifest(self._blobs, job_id)):
            return
        if job and job.state in (State.QUEUED, State.RUNNING):
            return
        if job is None or job.state is not State.SUCCEEDED:
            try:
                self._remove(job_id, note, keeps_whole=job is None)
            except OutputUnavailable as error:
                # The sweep comes back to it.
                logger.warning("job=%s: its output is not removed: %s", job_id, error.strerror)
                return
            except OutputDenied as error:
                logger.error("job=%s: its output stays: %s", job_id, error)  # noqa: TRY400  no bug
        self._blobs.delete(output_folder_of(job_id))

    def _write_file(self, folder: OutputFolder, job: Job, name: str) -> dict[str, Any]:
        spec, digest, size, looked = job.spec, hashlib.sha256(), 0, time.monotonic()
        with (
            closing(result_chunks(self._blobs, spec, range(job.parts))) as chunks,
            folder.writing(name, MEDIA_TYPES[spec.result_format]) as file,
        ):
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                if time.monotonic() - looked > _LOOK_SECONDS:
                    self._running(spec)
                    looked = time.monotonic()
        return {"size": size, "sha256": digest.hexdigest(), "rows": job.total}

    def _running(self, spec: Spec) -> Job:
        job = self._endings.find(spec.id)
        if job is None or job.state is not State.RUNNING:
            raise _JobOver
        return job

    def _noted(self, job_id: str) -> Note | None:
        try:
            return Note.model_validate_json(self._blobs.read(output_key_of(job_id)))
        except FileNotFoundError:
            return None

    def _remove(self, job_id: str, note: Note, *, keeps_whole: bool) -> None:
        folder = self._open(place_of(note.output))
        if job_in(folder.read(MANIFEST)) == job_id:
            if keeps_whole:
                return
            folder.delete(MANIFEST)
        folder.delete(note.name)


def _note_of(spec: Spec) -> Note:
    return Note(output=spec.output, name=f"results-{spec.id}.{spec.result_format}")


def _has(folder: OutputFolder, spec: Spec) -> bool:
    """Whether a folder has the manifest of a job.

    Raises:
        shared.errors.output.OutputTaken: it has that of another job.
    """
    content = folder.read(MANIFEST)
    if content is None:
        return False
    if (job := job_in(content)) != spec.id:
        raise OutputTaken(address=spec.output, job=job or "that nobody knows")
    return True


def _manifest(job: Job, file: dict[str, Any], now: str) -> bytes:
    spec = job.spec
    inputs = list(spec.sources.addresses) if spec.sources else None
    content = {
        "job": spec.id,
        "model": spec.model,
        "version": spec.version,
        "input": inputs,
        "rows": {"total": job.total, "completed": job.completed, "failed": job.failed},
        "format": spec.result_format,
        "columns": list(spec.result_columns.names),
        "files": [file],
        "written_at": now,
    }
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"
