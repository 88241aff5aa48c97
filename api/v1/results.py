"""The output and error files of a batch, put together from the parts that the workers wrote."""

from collections.abc import Sequence
from functools import partial

from api.results.byte_ranges import BlobSlice, ByteRanges, blob_ranges
from api.results.streaming import recheck_on_missing
from api.services import Services
from api.v1.stored_files import find_batch_file
from shared.jobs.job import Job
from shared.jobs.state import State
from shared.tables.batch_results import TAIL_BYTES, output_bytes


def batch_content(services: Services, job: Job, which: str) -> ByteRanges:
    """The lines of all parts that are done.

    Args:
        services: where they are.
        job: of the batch.
        which: `output` for the lines with a score, `errors` for those with an error.
    """
    find = partial(find_batch_file, services, f"file-{job.spec.id}-{which}")
    if job.state is State.SUCCEEDED:
        parts: Sequence[int] = range(job.parts)
    else:
        parts = services.store.outcome(job.spec.id).done_parts()
    slices = []
    for key in map(job.spec.batch_key, parts):
        # A part's blob has the output lines, then the error lines, then the length of the former.
        with recheck_on_missing(find):
            size = services.blobs.size(key) - TAIL_BYTES
            output = output_bytes(services.blobs.read(key, size))
        if which == "output":
            slices.append(BlobSlice(key, 0, output))
        else:
            slices.append(BlobSlice(key, output, size - output))
    return blob_ranges(services.blobs, slices, find)
