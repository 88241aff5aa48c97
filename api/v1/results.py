"""The files that a batch has made, from the parts that the workers wrote."""

from collections.abc import Sequence
from functools import partial

from api.results.byte_ranges import ByteRanges
from api.results.streaming import kept
from api.services import Services
from api.v1.stored_files import made_by
from shared.jobs.job import Job, State
from shared.tables.batch_results import TAIL_BYTES, output_bytes


def batch_pieces(at: Services, job: Job, which: str) -> ByteRanges:
    """The lines of all parts that are done: of the `output` file, or of that of the `errors`."""
    find = partial(made_by, at, f"file-{job.spec.id}-{which}")
    if job.state is State.SUCCEEDED:
        parts: Sequence[int] = range(job.parts)
    else:
        parts = at.store.outcome(job.spec.id).done_parts()
    keys = [job.spec.batch_key(part) for part in parts]
    begins, sizes = [], []
    for key in keys:
        with kept(find):
            size = at.blobs.size(key) - TAIL_BYTES
            output = output_bytes(at.blobs.read(key, size))
        begins.append(0 if which == "output" else output)
        sizes.append(output if which == "output" else size - output)

    def read(piece: int, offset: int) -> bytes:
        with kept(find):
            return at.blobs.read(keys[piece], begins[piece] + offset, sizes[piece] - offset)

    return ByteRanges(sizes, read)
