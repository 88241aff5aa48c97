"""Makes the one Parquet file of a job from its result parts, when all of them are done."""

import logging
import time
from collections.abc import Iterator

from shared.jobs.digest import Digest, Digester
from shared.jobs.spec import Spec
from shared.storage.blobs import Blobs
from shared.tables.result_formats import part_format

logger = logging.getLogger(__name__)


def assemble(blobs: Blobs, spec: Spec, parts: int) -> Digest:
    """Write the Parquet file of a job in constant memory; it appears when it is complete.

    It may run again: the same parts make the same file.

    Args:
        blobs: holds the parts, and gets the file.
        spec: the spec of the job.
        parts: the number of parts.

    Returns:
        The digest of the file.

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

    digester = Digester()
    with blobs.writing(spec.whole_key) as file:
        for chunk in parquet_of(contents(), part_format(spec), spec.stored_columns):
            file.write(chunk)
            digester.update(chunk)
    logger.debug("assembled job=%s %.3f s", spec.id, time.perf_counter() - started)
    return digester.digest
