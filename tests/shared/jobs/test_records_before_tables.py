"""Jobs that a release recorded which knew no tables: word for word as it wrote them."""

import pytest

from shared.jobs.job import Job
from shared.redis.records import job_of
from shared.signature import SENTIMENT
from shared.storage.manifest import Manifest

#: The layouts, and where the new code finds the inputs and the carried columns in them.
LAYOUTS = {
    "csv": '{"start":11,"format":"csv","delimiter":",","width":3,"text":2,"ref":1,"carried":[0]}',
    "objects": '{"start":0,"format":"objects","width":3,"names":["ref","text","n"]}',
    "parquet": '{"start":0,"format":"parquet","width":3,"names":["ref","text","n"]}',
    "ndjson": '{"start":0,"format":"ndjson"}',
}

SPEC = (
    '{"id":"01a22a302c0c94b9e812d81951e09328","model":"fast","version":"b8d4646a8e42",'
    '"kind":"%s","layout":%s,"size":25,"traceparent":"","owner":"","columns":["n"],'
    '"result_format":"csv","as_batch":false,"callback_url":"","about_rows":3,'
    '"rows_per_part":6547,"fine_from":null,"tolerance":1.0,"binding":null,"retry_of":null,'
    '"labels":{},"retention":null}'
)

RECORD = {
    "state": "succeeded", "completed": "1", "failed": "1", "total": "2", "parts": "1", "done": "1",
    "dispatched": "1", "split": "1", "full_name": "fast@b8d4646a8e42", "owner": "", "held": "3000",
    "about_rows": "3", "cut_rows": "2", "cut_bytes": "25", "split_lease": "1796004135.981213",
    "created_at": "1796004129.804", "started_at": "1796004129.965406",
    "finished_at": "1796004130.044912",
}  # fmt: skip

MANIFEST = (
    '{"job":{"spec":%s,"state":"succeeded","created_at":1796004129.804,'
    '"started_at":1796004129.965406,"finished_at":1796004130.044912,"error":null,'
    '"callback_state":null,"callback_attempts":null,"callback_error":null,"held_up":null,'
    '"lost":null,"total":2,"completed":1,"failed":1,"parts":1,"parts_done":1,"cut_rows":2,'
    '"cut_bytes":25},"parts":[{"offset":11,"length":14,"first_row":0,"rows":2}],'
    '"outcome":{"done":"80","bad":"80","summary":{"bins":[0,0,0,0,0,0,1,0,0,0],'
    '"total":0.6985183560358104,"least":0.6985183560358104,"most":0.6985183560358104,'
    '"errors":{"empty":1}}}}'
)


def check(job: Job | None) -> None:
    """Check that a job takes a text, gives a score, and keeps its carried column."""
    assert job is not None
    assert (job.state, job.total, job.completed, job.failed) == ("succeeded", 2, 1, 1)
    assert job.spec.signature == SENTIMENT
    assert job.spec.result_columns.names == ("ref", "Sentiment_Score", "error", "n")
    assert job.spec.stored_columns == job.spec.result_columns


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_job_that_was_recorded_before_there_were_tables(layout: str) -> None:
    """Its record in Redis and its manifest load; it takes a text and gives a score."""
    spec = SPEC % ("small" if layout == "ndjson" else "bulk", LAYOUTS[layout])
    check(job_of(RECORD | {"spec": spec}))
    manifest = Manifest.model_validate_json(MANIFEST % spec)
    check(manifest.job)
    assert manifest.outcome is not None
    summary = manifest.outcome.summary
    assert (summary.scored, summary.rows, summary.errors) == (1, 2, {"empty": 1})


def test_the_cells_of_a_csv_that_was_recorded_before_there_were_tables() -> None:
    """The text is where it was, and so is the carried column."""
    job = job_of(RECORD | {"spec": SPEC % ("bulk", LAYOUTS["csv"])})
    assert job is not None
    layout = job.spec.layout
    assert layout.format == "csv"
    assert (layout.inputs, layout.ref, layout.carried) == ((2,), 1, (0,))
    assert layout.decimal == "."
