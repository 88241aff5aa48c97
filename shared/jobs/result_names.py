"""What files of results are called, and their media types."""

import re
from datetime import UTC, datetime
from typing import Literal

from shared.jobs.job import Job
from shared.jobs.job_ids import made_at

Format = Literal["csv", "ndjson", "json", "parquet"]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}


def file_name(job: Job) -> str:
    """The name of a file of a job's rows, without its suffix: model, day (UTC), and the job's id.

    Among other downloads a person finds a file by its model and day; the id tells it from others.
    """
    model = re.sub(r"[^A-Za-z0-9_.-]", "_", job.spec.model)[:64]
    day = datetime.fromtimestamp(made_at(job.spec.id), UTC).date()
    return f"{model}-{day}-{job.spec.id}"
