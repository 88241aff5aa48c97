"""The settings of how workers go through jobs: parts, leases, upkeep and retention."""

from pydantic import BaseModel, Field


class WorkSettings(BaseModel):
    """The size of parts, when work is tried again, and when data is removed."""

    part_seconds: float = Field(
        0.1,
        gt=0,
        description="The time that scoring a part should take. Parts are larger with more than "
        "10 processes, and smaller if a job is too short for all processes.",
    )
    min_part_rows: int = Field(
        64,
        gt=0,
        description="A part has at least this many rows, unless the model is so slow that they "
        "would take more than a sixth of `SCORELANE_TASK_TIME_LIMIT`.",
    )
    lanes_per_process: int = Field(
        2,
        gt=0,
        description="Parts of all jobs of a model that may be queued or in work, for each worker "
        "process. Which job is next goes by owner, then by job.",
    )
    lease_seconds: float = Field(
        6.0,
        gt=0,
        description="A part whose process has not renewed its lease for this time is dispatched "
        "again. A process renews its leases three times in this time.",
    )
    max_attempts: int = Field(
        3,
        gt=0,
        description="Attempts at a part; after them the worker searches for the row that ends "
        "them.",
    )
    task_time_limit: float = Field(
        60.0, gt=0, description="A task that runs longer is killed, together with its process."
    )
    finish_time_limit: float = Field(
        900.0,
        gt=0,
        description="The same limit for putting together the results of a Parquet job, and for "
        "reading the requests of a batch.",
    )
    reconcile_seconds: float = Field(
        2.0, gt=0, description="How often a worker looks for messages that were lost."
    )
    aof_rewrite_seconds: float = Field(
        900.0,
        gt=0,
        description="The longest time that a text stays in the append-only file of Redis after "
        "Redis has deleted it; after a job was deleted or has expired, at most a minute.",
    )
    sweep_seconds: float = Field(
        60.0,
        gt=0,
        description="How often a worker compares the blob store with the job store. It restores "
        "jobs that only the blob store has, and removes blobs that belong to no "
        "job.",
    )
    orphan_seconds: float = Field(
        3600.0,
        gt=0,
        description="Blobs that belong to no job are removed when nothing has been written to "
        "them for this time.",
    )
    replaced_seconds: float = Field(
        600.0,
        gt=0,
        description="The jobs of a model version fail when no worker has served it for this "
        "time while another version of the model is served. Workers keep a version for this time "
        "whose folder is gone.",
    )
    models_seconds: float = Field(
        2.0,
        ge=0,
        description="How often a worker looks at the models folder, or lists the models in "
        "object storage, for models that are new, changed or gone. 0: only at its start.",
    )
    trial_seconds: float = Field(
        0.0,
        ge=0,
        description="The longest time in which a new model must be loaded, in a process of its "
        "own, before others load it. 0: 180 s, and 2 s for each MiB of its files.",
    )
    heartbeat_seconds: float = Field(
        3.0,
        gt=0,
        description="How often a worker sends a heartbeat; it is taken for dead after four "
        "missed ones.",
    )
    archive_seconds: float = Field(
        60.0,
        ge=0,
        description="A small job moves from Redis to the blob store this time after its end.",
    )
    retention_seconds: float = Field(
        7 * 86400.0, gt=0, description="How long jobs and their data are kept after their end."
    )
    keep_none_seconds: float = Field(
        3600.0,
        gt=0,
        description="How long the rows and results of a job with `keep=none` are kept after its "
        "end, if they are not downloaded before.",
    )
    usage_days: int = Field(
        400, gt=0, le=4000, description="For how many days `GET /usage` knows the usage of a day."
    )
    max_retention_seconds: float = Field(
        30 * 86400.0, gt=0, description="The longest retention that a job may ask for."
    )
