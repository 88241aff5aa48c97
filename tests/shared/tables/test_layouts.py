"""Layouts: records of older releases, and the blobs that hold the rows of a part."""

import pytest

from shared.jobs.job import Job
from shared.jobs.job_ids import new_job_id
from shared.jobs.spec import Spec
from shared.redis.records import job_of, record_of
from shared.storage.manifest import Manifest
from shared.tables.csv_layout import CsvLayout
from shared.tables.layouts import (
    NDJSON,
    REQUESTS,
    Layout,
    ObjectsLayout,
    ParquetLayout,
)
from shared.tables.parts import Part

#: What a release wrote whose layouts all had the fields of every format.
OLD = (
    '{{"format":"{format}","start":{start},"delimiter":";","width":3,"text":2,"ref":null,'
    '"carried":[0],"names":["ref","text","stars"]}}'
)

NAMES = ("ref", "text", "stars")

LAYOUTS = {
    "csv": CsvLayout(start=7, delimiter=";", width=3, text=2, ref=None, carried=(0,)),
    "objects": ObjectsLayout(start=7, width=3, names=NAMES),
    "parquet": ParquetLayout(start=7, width=3, names=NAMES),
    "ndjson": NDJSON.model_copy(update={"start": 7}),
    "requests": REQUESTS.model_copy(update={"start": 7}),
}


def spec_of(layout: Layout) -> Spec:
    return Spec(
        id=new_job_id(), model="fast", version="0123456789ab", kind="bulk", layout=layout, size=9
    )


def old_json(spec: Spec, whole: str) -> str:
    """The JSON of an object with this spec, as an older release wrote it."""
    now = spec.layout.model_dump_json()
    assert now in whole
    return whole.replace(now, OLD.format(format=spec.layout.format, start=7))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_records_of_older_releases_load(layout: Layout) -> None:
    """Records in Redis and manifests load; fields of other formats are ignored."""
    job = Job(spec=spec_of(layout), created_at=1.0)
    record = {name: str(value) for name, value in record_of(job).items()}
    assert job_of(record) == job.model_copy(update={"cut_bytes": 7})
    record["spec"] = old_json(job.spec, record["spec"])
    assert job_of(record) == job.model_copy(update={"cut_bytes": 7})
    manifest = Manifest(job=job).model_dump_json()
    assert Manifest.model_validate_json(old_json(job.spec, manifest)).job == job


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_where_the_rows_of_a_part_are(layout: Layout) -> None:
    """Rows are in the upload, in one blob with all rows, or in a blob for each part."""
    spec, part = spec_of(layout), Part(offset=10, length=20, first_row=0, rows=1)
    expected = {
        "parquet": (spec.rows_key(3), 0, -1),
        "requests": (spec.all_rows_key, 10, 20),
    }
    found = layout.rows_in(spec, 3, part, 1000)
    assert found == expected.get(layout.format, (spec.upload_key, 10, 20))
    assert layout.stored_apart == (layout.format in expected)
    assert layout.cut_key(spec) == (
        spec.all_rows_key if layout.format == "requests" else spec.upload_key
    )
