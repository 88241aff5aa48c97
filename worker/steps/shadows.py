"""Makes the shadow of a job when the job has all its results, and compares the two."""

import logging

from shared.errors.base import ScorelaneError
from shared.errors.service import DataDamaged
from shared.jobs.comparison import Comparison
from shared.jobs.job import Job
from shared.jobs.job_ids import made_at
from shared.jobs.job_store import JobStore
from shared.jobs.shadow import SHADOW_LABEL, SHADOW_OWNER, SHADOW_SUFFIX, Shadow, ShadowOf
from shared.jobs.spec import Spec
from shared.jobs.usage import Claim
from shared.lanes import Lanes
from shared.storage.blobs import Blobs
from shared.storage.manifest import has_manifest, write_manifest
from shared.tables.parts import Part
from shared.tables.result_columns import ResultColumns
from shared.tables.rows import Rows
from worker.steps.comparing import Scored, comparisons_of
from worker.steps.row_scorer import Columns
from worker.tables.part_formats import PART_FORMATS

logger = logging.getLogger(__name__)


class Shadows:
    """Makes shadows. Whatever fails here is logged, and the job itself goes on."""

    def __init__(self, *, store: JobStore, blobs: Blobs, lanes: Lanes) -> None:
        """Take the collaborators."""
        self._store = store
        self._blobs = blobs
        self._lanes = lanes

    def start(self, spec: Spec, rows: int) -> None:
        """Make the shadow of a job, if it is to have one, and there is none yet.

        While the job has its upload, of which the shadow gets a link. The shadow is cut into the
        same parts, so each of its parts can be compared with one of the job.

        Args:
            spec: of the job.
            rows: the number of its rows.
        """
        if not spec.shadow:
            return
        shadow = shadow_of(spec, spec.shadow)
        try:
            if has_manifest(self._blobs, shadow.id):
                return
            self._blobs.link({spec.upload_key: shadow.upload_key})
            job = Job(spec=shadow, created_at=made_at(shadow.id))
            write_manifest(self._blobs, job, [])
            try:
                self._store.create(job, claim=Claim(rows))
            except ScorelaneError:
                self._blobs.delete(shadow.folder)
                raise
            self._lanes.fill(shadow.full_name)
        except (ScorelaneError, OSError) as error:
            logger.warning("job=%s gets no shadow: %s", spec.id, type(error).__name__)


def shadow_of(spec: Spec, shadow: Shadow) -> Spec:
    """The spec of the shadow of a job."""
    return spec.model_copy(
        update={
            "id": shadow.id,
            "version": shadow.version,
            "signature": shadow.signature,
            "outputs": (),
            "owner": SHADOW_OWNER,
            "key": "",
            "priority": "low",
            "labels": {SHADOW_LABEL: spec.id},
            "tolerance": 1.0,
            "callback_url": "",
            "output": "",
            "binding": None,
            "retry_of": None,
            "shadow": None,
            "shadow_of": ShadowOf(
                id=spec.id, version=spec.version, outputs=spec.result_columns.outputs
            ),
        }
    )


def comparisons_with(
    blobs: Blobs, spec: Spec, first: ShadowOf, number: int, part: Part, rows: Rows, outputs: Columns
) -> tuple[Comparison, ...]:
    """The comparison of a part of a shadow with that of its job; empty if that is gone."""
    job = spec.model_copy(update={"id": first.id})
    columns = ResultColumns(first.outputs, spec.columns)
    try:
        content = blobs.read(job.result_key(number))
        found = PART_FORMATS[spec.part_format].parse(content, columns=columns)
    except (OSError, DataDamaged, ValueError):
        return ()
    if len(found) != len(rows):
        # A retry may have taken over parts that another release has cut.
        return ()
    values = [[row[one.name] for row in found] for one in first.outputs]
    return comparisons_of(
        Scored(
            first.compared_outputs(spec.stored_columns.outputs),
            SHADOW_SUFFIX,
            [*values, *outputs],
            [row["error"] for row in found],
            rows.refs,
            part.first_row,
        )
    )
