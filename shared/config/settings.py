"""All settings of both programs: `SCORELANE_<NAME>` in the environment."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.config.validation import (
    faults_of,
    host_names,
    own_port,
    redis_address,
    upper,
    web_origins,
)
from shared.errors.service import BadSettings

_ROOT = Path(__file__).resolve().parents[2]
_IN_WHEEL = _ROOT / "scorelane" / "models"

#: The folder of the bundled models: that of the checkout, or where the wheel has put them.
BUNDLED_MODELS = _IN_WHEEL if _IN_WHEEL.is_dir() else _ROOT / "models"

PREFIX = "SCORELANE_"

#: Variables that begin with `PREFIX` and are not read by the API or the worker.
OTHERS = {
    "SCORELANE_URL": "The command line: the address of the service, where `--url` names none.",
    "SCORELANE_API_KEY": "The command line and the client: the key that is sent.",
    "SCORELANE_PYTHON_IMAGE": "Compose: the base of the images that are built.",
    "SCORELANE_REDIS_IMAGE": "Compose: the image of Redis.",
    "SCORELANE_TAG": "Compose: the tag of the images.",
    "SCORELANE_WORKERS": "Compose: how many worker containers run; 1 by default.",
}


#: How variables end that Kubernetes makes of Services whose name begins with `scorelane`.
_OF_KUBERNETES = re.compile(
    r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_[0-9]+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?$|^SCORELANE_PORT$"
)


class Settings(BaseSettings):
    """The settings and their defaults. Sizes are in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, allow_inf_nan=False)

    redis_url: Annotated[str, AfterValidator(redis_address)] = Field(
        "redis://127.0.0.1:6379/0",
        description="The address of Redis, which holds the queues, the job records and the bells.",
    )
    redis_password_file: Path | None = Field(
        None,
        description="A file with the password of Redis, if the address has none. It is read for "
        "each new connection.",
    )
    key_prefix: str = Field("scorelane:", description="Put before every key in Redis.")
    redis_timeout: float = Field(
        2.0, gt=0, description="A Redis call that takes longer is an error, and a 503 to a client."
    )
    blobs_dir: Path = Field(
        Path(".scorelane/blobs"),
        description="The folder of uploads and result parts. The API and the workers share it.",
    )
    models_dir: Path = Field(BUNDLED_MODELS, description="A folder of model folders.")
    serve: str = Field(
        "",
        description="The models that a worker serves, separated by commas; empty: all in the "
        "models folder.",
    )
    default_model: str = Field("fast", description="The model of a job that names none.")

    api_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys that the API accepts, as `scorelane key` prints them, separated by "
        "semicolons.",
    )
    api_keys_file: Path | None = Field(
        None, description="A file of such keys, one a line. It is read again when it changes."
    )
    without_keys: bool = Field(
        False, description="Let everybody who reaches the API use it without a key."
    )
    publish: str = Field(
        "",
        description="The address at which the API is published, HOST:PORT, if that is not where "
        "it listens (in a container).",
    )
    allowed_hosts: Annotated[str, AfterValidator(host_names)] = Field(
        "",
        description="Host names, by comma, at which an API without keys, and a "
        "worker's `/metrics`, answer besides localhost; `*`: any, which lets web pages in by "
        "DNS rebinding.",
    )
    cors_origins: Annotated[str, AfterValidator(web_origins)] = Field(
        "",
        description="Origins of web pages that may use the API (CORS), such as "
        "`https://app.example.org`, by comma.",
    )
    requests_per_minute: int = Field(
        6000, ge=0, description="Requests a minute that the owner of a key may make; 0: no limit."
    )
    max_waiting_jobs: int = Field(
        1000, gt=0, description="Bulk jobs that may be under way; another one is a 503."
    )
    max_waiting_rows: int = Field(
        200_000_000, gt=0, description="Rows of bulk jobs that may wait; a job with more is a 503."
    )
    owner_waiting_jobs: int = Field(
        100, gt=0, description="Bulk jobs of one owner that may be under way; another one is a 429."
    )
    owner_waiting_rows: int = Field(
        50_000_000, gt=0, description="Rows of one owner that may wait; a job with more is a 429."
    )
    max_waiting_bytes: int = Field(
        96 * 2**20,
        gt=0,
        description="Memory of Redis that jobs may take, small ones with their rows; another is a "
        "503. Let Redis have half as much again.",
    )
    owner_waiting_bytes: int = Field(
        64 * 2**20,
        gt=0,
        description="Memory of Redis that the jobs of one owner may take; another job is a 429.",
    )
    max_waiting_small: int = Field(
        10_000, gt=0, description="Small jobs and questions that may wait for one model."
    )

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
    max_json_bytes: int = Field(
        16 * 2**20, gt=0, description="The largest JSON body. It is held in memory; a CSV is not."
    )
    body_memory_bytes: int = Field(
        128 * 2**20,
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
        description="JSON jobs of up to this many rows are small jobs: they skip the bulk queue.",
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
        30.0, gt=0, description="How long POST /sentiment waits for its answer."
    )
    waiting_questions: int = Field(
        8,
        ge=0,
        description="Requests to `/sentiment` that may wait longer than 2 seconds in one API "
        "process, which has 40 threads; another one is a 503.",
    )

    head_seconds: float = Field(
        20.0, gt=0, description="The time in which a client must send the head of a request."
    )
    client_pause_seconds: float = Field(
        30.0,
        gt=0,
        description="How long a client may pause while it sends the body of a request or reads a "
        "response; a third of this while other requests wait for a thread.",
    )
    client_bytes_per_second: float = Field(
        1000.0,
        gt=0,
        description="The least rate of a body or a response in the long run. It is not "
        "measured while the API works on the request.",
    )

    max_streams: int = Field(
        16,
        ge=1,
        le=31,
        description="Streams of `/jobs/<id>/events` in one API process. Each of them holds one "
        "of its 40 threads.",
    )
    stream_seconds: float = Field(
        900.0, gt=0, description="A stream ends after this time; its client connects again."
    )
    max_wait_seconds: int = Field(
        30,
        ge=0,
        description="The longest time that a request may wait for the end of a job (`Prefer: "
        "wait=N`).",
    )
    waiting_requests: int = Field(
        8,
        ge=0,
        description="Requests that may wait for a job at the same time in one API process, "
        "which has 40 threads; another request is answered at once.",
    )
    webhook_secrets: SecretStr = Field(
        SecretStr(""),
        description="Secrets that sign callbacks: `whsec_` and 24 to 64 bytes in base64, "
        "separated by semicolons. Each of them signs, so that they can be replaced. "
        "The API and the workers need them; without any, a `callback_url` is "
        "refused.",
    )
    webhook_secrets_file: Path | None = Field(
        None, description="A file of such secrets, one a line."
    )
    callback_allow: str = Field(
        "",
        description="Private networks, addresses and host names that callbacks may go to, "
        "separated by commas. Other callbacks go to public addresses only.",
    )
    callback_timeout: float = Field(
        10.0, gt=0, le=60, description="A delivery that takes longer has failed."
    )
    callback_backoff_seconds: float = Field(
        5.0,
        gt=0,
        description="The time until a failed callback is tried again; it grows sixfold with "
        "each attempt, up to twelve hours.",
    )
    callback_give_up_seconds: float = Field(
        36 * 3600.0,
        gt=0,
        description="The time after a job's end at which its callback is given up.",
    )
    idempotency_seconds: int = Field(
        86400,
        gt=0,
        description="How long an `Idempotency-Key` belongs to the job that it has made.",
    )
    drain_seconds: float = Field(
        2.0,
        ge=0,
        description="How long a stopping replica of the API goes on serving, while `/readyz` "
        "says that it stops. Let the health checks of a load balancer be more "
        "frequent than this.",
    )

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(upper)
    ] = Field("INFO", description="DEBUG names every part and batch.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto",
        description="`json`: one JSON object a line; `text`: lines to read; `auto`: text on a "
        "terminal, JSON elsewhere.",
    )
    access_log: bool = Field(
        True,
        description="Log a line for each HTTP request; health checks such as `/livez` at DEBUG.",
    )
    metrics_port: Annotated[int, BeforeValidator(own_port)] = Field(
        0,
        ge=0,
        le=65535,
        description="The port at which a worker answers `GET /metrics`; 0: none. The API "
        "answers it on its own port.",
    )
    metrics_host: str = Field(
        "127.0.0.1", description="The address at which a worker listens for that."
    )
    processes: int = Field(
        0, ge=0, description="Processes of a worker; 0: one for each core that it may use."
    )
    max_redis_bytes: int = Field(
        0,
        ge=0,
        description="The most memory of the Redis of `scorelane serve`; 0: a quarter of the "
        "machine's. A full Redis takes in nothing new. Another Redis has its own `maxmemory`.",
    )
    max_process_bytes: int = Field(
        0,
        ge=0,
        description="A worker process that holds more memory is replaced after its task; 0: "
        "four fifths of its share of the memory.",
    )
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
        description="Parts of one job that may be queued or in work, for each worker process.",
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
        "time while another version of the model is served.",
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
    max_retention_seconds: float = Field(
        30 * 86400.0, gt=0, description="The longest retention that a job may ask for."
    )

    @property
    def redis_password(self) -> str | None:
        """The password of Redis from its file; None if no file is named.

        Raises:
            OSError: the file cannot be read.
        """
        path = self.redis_password_file
        return path.read_text().strip() if path else None


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        shared.errors.service.BadSettings: values cannot be used; the error names each variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = faults_of(error, Settings.model_fields, PREFIX)
    # Outside of the except block: pydantic's error, which quotes secrets, must not be chained.
    raise BadSettings(faults=" ".join(faults))


def unknown_variables(names: Iterable[str]) -> list[str]:
    """Warnings about variables that look like settings and are none, one sentence each.

    Args:
        names: the names of variables; those that do not begin with `PREFIX` are ignored.
    """
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    warnings = []
    for name in sorted(name for name in names if not _OF_KUBERNETES.search(name)):
        # pydantic ignores case.
        if not name.upper().startswith(PREFIX) or name.upper() in {*known, *OTHERS}:
            continue
        near = get_close_matches(name.upper(), known, n=1, cutoff=0.8)
        advice = f"did you mean {near[0]}?" if near else "docs/settings.md lists all settings."
        warnings.append(f"{name} is not a setting and has no effect: {advice}")
    return warnings
