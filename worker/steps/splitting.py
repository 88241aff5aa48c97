"""Cuts the upload of a bulk job into parts, and records them."""

from collections.abc import Iterable, Iterator
from itertools import islice

from shared.config.settings import Settings
from shared.dispatch import Dispatch
from shared.errors.input import BadParquet, OpenQuote, PlaceError
from shared.errors.service import DataDamaged
from shared.jobs.job_store import JobStore
from shared.jobs.spec import Spec
from shared.lanes import Lanes
from shared.storage.blobs import Blobs
from shared.tables.layouts import ParquetLayout
from shared.tables.parts import Part
from worker.steps.cut_file import cut_file
from worker.steps.endings import Endings
from worker.steps.parquet_input import SplitLater, convert
from worker.steps.source_rows import SourceRows

#: The most parts that are recorded in one call to the job store.
MAX_BATCH_PARTS = 8


class Splitter:
    """Cuts uploads; it goes on after the last part that an earlier split of the job recorded."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: JobStore,
        blobs: Blobs,
        dispatch: Dispatch,
        lanes: Lanes,
        endings: Endings,
        source_rows: SourceRows,
    ) -> None:
        """Take the collaborators."""
        self._settings = settings
        self._store = store
        self._blobs = blobs
        self._dispatch = dispatch
        self._lanes = lanes
        self._endings = endings
        self._source_rows = source_rows

    def split(self, spec: Spec) -> int | None:
        """Record the parts of a job, and start as many as it has lanes.

        Returns:
            The number of its parts. None if this split is not the one that recorded the last part:
            the job has ended or is held up, another split goes on, or this one goes on later.
        """
        known, after = self._store.last_part(spec.id)
        try:
            self._check_size(spec)
            return self._record_parts(spec, known, after)
        except (OpenQuote, BadParquet, PlaceError) as error:
            self._endings.fail(spec.id, str(error))
        except (DataDamaged, UnicodeDecodeError) as error:
            self._damaged(spec, error)
        except SplitLater:
            self._dispatch.split(spec.full_name, spec.id)
        except FileNotFoundError:
            self._endings.fail_lost_upload(spec.id)
        except OSError as error:
            self._endings.hold_up(spec.id, known, "its rows cannot be read or stored", error)
        return None

    def _check_size(self, spec: Spec) -> None:
        if spec.sources:
            # A file that is read where it is is checked with each range.
            return
        size = self._blobs.size(spec.upload_key)
        if size != spec.size:
            reason = f"it had {spec.size:,} bytes, and has {size:,} now"
            raise DataDamaged(key=spec.upload_key, reason=reason)

    def _damaged(self, spec: Spec, error: DataDamaged | UnicodeDecodeError) -> None:
        if isinstance(error, DataDamaged) and error.fields["key"] == spec.all_rows_key:
            # The next split finds no rows, and has them made from the upload again.
            self._blobs.delete(spec.all_rows_key)
            self._dispatch.split(spec.full_name, spec.id)
            return
        _, last = self._store.last_part(spec.id)
        self._endings.fail_damaged_upload(spec.id, last.first_row + last.rows if last else 0)

    def _record_parts(self, spec: Spec, known: int, after: Part | None) -> int | None:
        """Record the parts that follow `after`; the number of all parts, None if it had to stop."""
        for parts, last in _batches(self.cut(spec, known, after)):
            walk = self._store.add_parts(
                spec.id, parts, known=known, last=last, lanes=self._lanes.count(spec.full_name)
            )
            if walk.failed:
                self._endings.settle_failed(spec.id)
            if not walk.wanted:
                self._endings.remove_rows_if_ended(spec)
                return None
            # Whatever becomes of this job: there may be steps of others.
            self._lanes.advance(spec, walk)
            known += len(parts)
            rows = parts[-1].first_row + parts[-1].rows if parts else 0
            if rows > self._settings.max_rows:
                limit = f"{self._settings.max_rows:,}"
                reason = f"It has more than {limit} rows. Send them as several jobs."
                self._endings.fail(spec.id, reason)
                return None
        return known

    def cut(self, spec: Spec, known: int, after: Part | None) -> Iterator[Part]:
        """Cut what follows the `known` parts, the last of which is `after`."""
        layout = spec.layout
        if isinstance(layout, ParquetLayout):
            yield from convert(self._blobs, spec, layout, self._settings, known=known, after=after)
            return
        if spec.sources:
            yield from self._source_rows.cut(spec, after)
            return
        begin = after.end if after else layout.start
        with self._blobs.open(layout.cut_key(spec), begin) as file:
            yield from cut_file(layout, file, after, spec, self._settings)


def _batches(parts: Iterable[Part]) -> Iterator[tuple[list[Part], bool]]:
    """Group parts for the calls to the job store; each group with whether it is the last one.

    The first group is a single part, so that scoring starts at once. Each further one is twice as
    long, up to `MAX_BATCH_PARTS`. The last one is empty: only after the last part is it known that
    no part follows.
    """
    iterator, size = iter(parts), 1
    while batch := list(islice(iterator, size)):
        yield batch, False
        size = min(2 * size, MAX_BATCH_PARTS)
    yield [], True
