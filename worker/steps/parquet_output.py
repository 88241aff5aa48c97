"""Makes one file of the result parts of a job whose results are no run of parts."""

import logging
import time
from collections.abc import Iterator

from shared.jobs.job import Spec
from shared.storage.blobs import Blobs
from shared.tables.result_formats import part_format

logger = logging.getLogger(__name__)


def assemble(blobs: Blobs, spec: Spec, parts: int) -> None:
    """Write the Parquet file of a job's parts, in constant memory; it appears when it is whole.

    May be done again: the same parts make the same file.

    Args:
        blobs: where the parts are, and the file will be.
        spec: of the job.
        parts: how many there are.

    Raises:
        FileNotFoundError: a part is not there.
        OSError: the file cannot be written, or a part cannot be read.
    """
    # Here, and not where this process begins: most jobs are no Parquet.
    from shared.tables.parquet_results import parquet_of  # noqa: PLC0415

    started = time.perf_counter()

    def contents() -> Iterator[bytes]:
        for number in range(parts):
            yield blobs.read(spec.result_key(number))

    with blobs.writing(spec.whole_key) as file:
        for run in parquet_of(contents(), part_format(spec), spec.columns):
            file.write(run)
    logger.debug("assembled job=%s %.3f s", spec.id, time.perf_counter() - started)
