"""Cuts an open file into the parts of a job."""

from collections.abc import Iterator
from typing import BinaryIO

from shared.config.settings import Settings
from shared.jobs.spec import Spec
from shared.tables.layouts import Layout
from shared.tables.parts import Part
from worker.steps.record_ends import look


def cut_file(
    layout: Layout,
    file: BinaryIO,
    after: Part | None,
    spec: Spec,
    settings: Settings,
) -> Iterator[Part]:
    """Cut what follows a part.

    Args:
        layout: of the file.
        file: its upload or one of its sources, at the end of the part.
        after: the part; None: the first record comes next.
        spec: of the job.
        settings: supply the most bytes of a record.

    Raises:
        shared.errors.base.ScorelaneError: the file has something that ends the job.
    """
    yield from layout.cut(
        file,
        rows_per_part=spec.rows_per_part,
        after=after,
        max_record_bytes=settings.max_record_bytes,
        fine_from=spec.fine_from,
        look=look,
    )
