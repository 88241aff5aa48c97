"""The settings of the largest content that is taken."""

from pydantic import BaseModel, Field


class LimitSettings(BaseModel):
    """The largest uploads, rows, and small jobs."""

    max_files: int = Field(
        1000,
        gt=0,
        description="Files that one owner may have in `/v1/files`; another one is a 429.",
    )
    max_columns: int = Field(1000, gt=0, description="Columns of a CSV.")
    max_rows: int = Field(50_000_000, gt=0, description="Rows of a job.")
    max_upload_bytes: int = Field(
        4 * 2**30, gt=0, description="The largest file that can be uploaded."
    )
    max_model_bytes: int = Field(
        2**30, gt=0, description="The largest model that can be uploaded, unpacked."
    )
    max_source_files: int = Field(
        1000, gt=0, description="Files that one job may read where they are."
    )
    max_source_bytes: int = Field(
        2**40, gt=0, description="What these files may have together; their rows count as others."
    )
    max_json_bytes: int = Field(
        16 * 2**20, gt=0, description="The largest JSON body. It is held in memory; a CSV is not."
    )
    body_memory_bytes: int = Field(
        192 * 2**20,
        ge=2**20,
        description="Memory that the JSON bodies of all requests may take together in one replica "
        "of the API, as estimated before they are parsed. A body that needs more is a 413; "
        "others wait for it, or are a 503.",
    )
    max_text_chars: int = Field(100_000, gt=0, description="A longer text is an error in its row.")
    max_record_bytes: int = Field(
        8 * 2**20,
        gt=0,
        description="The longest row of a CSV or NDJSON; a longer one is an error in its row.",
    )
    small_rows: int = Field(
        1000,
        gt=0,
        description="JSON jobs of up to this many rows, and of up to 1 MiB, are small jobs: they "
        "skip the bulk queue.",
    )
    batch_rows: int = Field(
        2000,
        gt=0,
        description="The most rows of small jobs that a worker scores in one call of the model.",
    )
    batch_seconds: float = Field(
        1.0,
        gt=0,
        description="For a slow model such a call takes no more rows than the model scores in "
        "this time.",
    )
    sentiment_timeout: float = Field(
        30.0,
        gt=0,
        description="How long POST /sentiment, /score, /invocations and /v2/.../infer wait for "
        "their answer.",
    )
    waiting_questions: int = Field(
        8,
        ge=0,
        description="Requests to `/sentiment`, `/score`, `/invocations` and `/v2/.../infer` that "
        "may wait longer than 2 seconds in one API process, which has 40 threads; another one is "
        "a 503.",
    )
