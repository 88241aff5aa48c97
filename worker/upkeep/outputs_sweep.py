"""Finds jobs that have left something in the folder of a user, and have not succeeded."""

from shared.dispatch import Dispatch
from shared.jobs.job_ids import is_job_id
from shared.jobs.job_store import JobStore
from shared.jobs.keys import OUTPUTS
from shared.jobs.state import ENDED
from shared.storage.blobs import Blobs


def sweep_outputs(store: JobStore, blobs: Blobs, dispatch: Dispatch, full_names: list[str]) -> None:
    """Ask a worker to look at each job that has begun an output and has ended, or is gone.

    The worker decides what to remove. The process that calls this uses no store of a user, because
    it forks others (`shared.storage.object_blobs`).

    Args:
        store: the records of jobs.
        blobs: has a note of each job that has begun an output.
        dispatch: sends the messages.
        full_names: the models that this worker serves; without any, no message is sent.
    """
    ids = [name for name in blobs.folders(OUTPUTS) if is_job_id(name)]
    states = store.known(ids)
    for job_id in ids:
        state = states.get(job_id)
        if full_names and (state is None or state in ENDED):
            dispatch.retract(full_names[0], job_id)
