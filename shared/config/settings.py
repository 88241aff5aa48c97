"""Every setting of both programs: `SCORELANE_<NAME>` in the environment."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.config.validation import (
    faults_of,
    host_names,
    redis_address,
    upper,
    web_origins,
)
from shared.errors.service import BadSettings

_ROOT = Path(__file__).resolve().parents[2]
_IN_WHEEL = _ROOT / "scorelane" / "models"

#: The folder of the bundled models: in a checkout its own, else where the wheel put them.
BUNDLED_MODELS = _IN_WHEEL if _IN_WHEEL.is_dir() else _ROOT / "models"

PREFIX = "SCORELANE_"

#: Variables of that name that are no settings of the programs, and whose they are.
OTHERS = {
    "SCORELANE_URL": "The command line: the address of the service, where `--url` names none.",
    "SCORELANE_API_KEY": "The command line and the client: the key that is sent.",
    "SCORELANE_TAG": "Compose: the tag of the images.",
    "SCORELANE_WORKERS": "Compose: how many worker containers run; 1 by default.",
    "SCORELANE_TEST_DATA": "The tests: a folder of labelled data.",
}


class Settings(BaseSettings):
    """The settings, with their defaults; sizes are in bytes and times in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, allow_inf_nan=False)

    redis_url: Annotated[str, AfterValidator(redis_address)] = Field(
        "redis://127.0.0.1:6379/0", description="Where Redis is: queue, job records and bells."
    )
    redis_password_file: Path | None = Field(
        None, description="A file that holds the password of Redis, if the address has none."
    )
    key_prefix: str = Field("scorelane:", description="Put before every key in Redis.")
    redis_timeout: float = Field(
        2.0, gt=0, description="A Redis call that takes longer is an error, and a 503 to a client."
    )
    blobs_dir: Path = Field(
        Path(".scorelane/blobs"), description="Uploads and result parts; API and workers share it."
    )
    models_dir: Path = Field(BUNDLED_MODELS, description="A folder of model folders.")
    serve: str = Field(
        "", description="Which models a worker serves, by comma; empty: all in the models folder."
    )
    default_model: str = Field("fast", description="The model of a job that names none.")

    api_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys that the API accepts, as `scorelane key` prints them, by semicolon.",
    )
    api_keys_file: Path | None = Field(
        None, description="A file of such keys, one a line; read again when it changes."
    )
    without_keys: bool = Field(
        False, description="Say that everybody who reaches the API may use it."
    )
    publish: str = Field(
        "",
        description="Where the API is published, HOST:PORT, if it is not where it listens: in a "
        "container.",
    )
    allowed_hosts: Annotated[str, AfterValidator(host_names)] = Field(
        "",
        description="Host names, by comma, at which an API without keys answers, beside localhost; "
        "`*`: any, which lets DNS rebinding by web pages through.",
    )
    cors_origins: Annotated[str, AfterValidator(web_origins)] = Field(
        "",
        description="Origins of web pages that may use the API (CORS), such as "
        "`https://app.example.org`, by comma.",
    )
    requests_per_minute: int = Field(
        6000, ge=0, description="What the owner of a key may ask for; 0: as much as they like."
    )
    max_waiting_jobs: int = Field(
        1000, gt=0, description="Bulk jobs that may be under way; another one is a 503."
    )
    max_waiting_rows: int = Field(200_000_000, gt=0, description="Rows that may wait in them.")
    owner_waiting_jobs: int = Field(
        100, gt=0, description="Bulk jobs of the owner of a key; another one is a 429."
    )
    owner_waiting_rows: int = Field(50_000_000, gt=0, description="Rows that may wait in these.")
    max_waiting_small: int = Field(
        10_000, gt=0, description="Small jobs and questions that may wait for a model."
    )

    max_files: int = Field(
        1000, gt=0, description="Files in `/v1/files` of an owner; another one is a 429."
    )
    max_columns: int = Field(1000, gt=0, description="Columns of a CSV.")
    max_rows: int = Field(50_000_000, gt=0, description="Rows of a job.")
    max_upload_bytes: int = Field(4 * 2**30, gt=0, description="The largest upload of a CSV.")
    max_json_bytes: int = Field(
        16 * 2**20, gt=0, description="The largest JSON body; it is read whole, a CSV is not."
    )
    max_text_chars: int = Field(100_000, gt=0, description="A longer text is an error in its row.")
    max_record_bytes: int = Field(
        8 * 2**20, gt=0, description="A longer CSV row means a quote that was never closed."
    )
    small_rows: int = Field(
        1000, gt=0, description="JSON jobs of up to so many rows go by the doorbell."
    )
    batch_rows: int = Field(
        2000, gt=0, description="How many rows of small jobs a worker scores as one DataFrame."
    )
    batch_seconds: float = Field(
        1.0, gt=0, description="Of a slow model no more of them than it scores in such a time."
    )
    sentiment_timeout: float = Field(
        30.0, gt=0, description="How long POST /sentiment waits for its answer."
    )

    max_streams: int = Field(
        16,
        ge=1,
        le=31,
        description="Streams of `/jobs/<id>/events` in a process of the API, each of which holds "
        "one of its 32 threads.",
    )
    stream_seconds: float = Field(
        900.0, gt=0, description="Such a stream ends after so long; its client comes back."
    )
    max_wait_seconds: int = Field(
        30, ge=0, description="How long a request may wait for the end of a job (`Prefer: wait=N`)."
    )
    waiting_requests: int = Field(
        8,
        ge=0,
        description="So many of the 32 threads of a process of the API may wait so at a time; "
        "another request is answered at once.",
    )
    webhook_secrets: SecretStr = Field(
        SecretStr(""),
        description="What callbacks are signed with, `whsec_` and 24 to 64 bytes in base64, by "
        "semicolon; each signs, so that they can be changed. API and workers need them; without "
        "any a `callback_url` is refused.",
    )
    webhook_secrets_file: Path | None = Field(
        None, description="A file of such secrets, one a line."
    )
    callback_allow: str = Field(
        "",
        description="Private networks, addresses and host names that callbacks may go to, by "
        "comma; else they go to public addresses alone.",
    )
    callback_timeout: float = Field(
        10.0, gt=0, le=60, description="A receiver that takes longer has not got it."
    )
    callback_backoff_seconds: float = Field(
        5.0,
        gt=0,
        description="When a callback is tried again; then after six times as long each, up to "
        "twelve hours.",
    )
    callback_give_up_seconds: float = Field(
        36 * 3600.0, gt=0, description="After the job's end; then its callback is given up."
    )
    idempotency_seconds: int = Field(
        86400, gt=0, description="So long an `Idempotency-Key` stands for the job that it has made."
    )
    drain_seconds: float = Field(
        2.0,
        ge=0,
        description="How long a replica of the API that is told to stop serves on, with `/readyz` "
        "saying that it stops. Let the health checks of a load balancer be quicker.",
    )

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(upper)
    ] = Field("INFO", description="DEBUG names every part and batch.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto",
        description="`json`: a JSON object a line; `text`: a line to read; `auto`: text on a "
        "terminal, JSON elsewhere.",
    )
    access_log: bool = Field(
        True, description="Log a line for each HTTP request; `/livez` and the like at DEBUG."
    )
    metrics_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Where a worker answers `GET /metrics`; 0: nowhere. The API answers it on its "
        "own port.",
    )
    metrics_host: str = Field("127.0.0.1", description="The address that it listens on for that.")
    processes: int = Field(
        0, ge=0, description="Processes of a worker; 0: one for each core it may use."
    )
    max_process_bytes: int = Field(
        0,
        ge=0,
        description="A worker process that holds more is replaced after its task; 0: four fifths "
        "of its share of the memory.",
    )
    part_seconds: float = Field(
        0.1,
        gt=0,
        description="Parts are cut to take about so long to score; with more than 10 processes "
        "longer, and shorter where a job is too short for all processes.",
    )
    lanes_per_process: int = Field(
        2, gt=0, description="Parts of one job in the queue or in work, per worker process."
    )
    lease_seconds: float = Field(
        6.0,
        gt=0,
        description="What a process works on is dispatched again when it has said nothing for so "
        "long; three times in it a process says that it is at work.",
    )
    max_attempts: int = Field(
        3, gt=0, description="Starts of a part; after them the row is looked for that ends them."
    )
    task_time_limit: float = Field(
        60.0, gt=0, description="A task that runs longer is killed, with its process."
    )
    finish_time_limit: float = Field(
        900.0,
        gt=0,
        description="The same for putting the results of a Parquet job together, and for "
        "reading the requests of a batch.",
    )
    reconcile_seconds: float = Field(
        2.0, gt=0, description="How often a worker looks for what was dispatched and got lost."
    )
    sweep_seconds: float = Field(
        60.0,
        gt=0,
        description="How often a worker compares the blob store with the job store: it restores "
        "jobs that only the first knows, and removes what belongs to none.",
    )
    orphan_seconds: float = Field(
        3600.0, gt=0, description="What belongs to no job is removed when it was quiet so long."
    )
    replaced_seconds: float = Field(
        600.0,
        gt=0,
        description="The jobs of a model version fail when no worker has served it for so long, "
        "and another version of the model is served.",
    )
    heartbeat_seconds: float = Field(
        3.0, gt=0, description="How often a worker says that it lives; it is dead after four."
    )
    retention_seconds: float = Field(
        7 * 86400.0, gt=0, description="Ended jobs and their data are kept so long."
    )
    max_retention_seconds: float = Field(
        30 * 86400.0, gt=0, description="The most that a job may ask to be kept for."
    )

    @property
    def redis_password(self) -> str | None:
        """The password of Redis, if it is in a file.

        Raises:
            OSError: the file cannot be read.
        """
        path = self.redis_password_file
        return path.read_text().strip() if path else None


def load_settings() -> Settings:
    """The settings, read from the environment.

    Raises:
        shared.errors.service.BadSettings: a variable's value cannot be used; it names each of them.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = faults_of(error, Settings.model_fields, PREFIX)
    # Outside: what pydantic says quotes secrets.
    raise BadSettings(faults=" ".join(faults))


def unknown_variables(names: Iterable[str]) -> list[str]:
    """What to say of variables that look like settings and are none, a sentence each.

    Args:
        names: of variables; those that do not begin with `PREFIX` are nobody's business.
    """
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    said = []
    for name in sorted(names):
        # pydantic heeds no case.
        if not name.upper().startswith(PREFIX) or name.upper() in {*known, *OTHERS}:
            continue
        near = get_close_matches(name.upper(), known, n=1, cutoff=0.8)
        advice = f"did you mean {near[0]}?" if near else "docs/settings.md has all there are."
        said.append(f"{name} is no setting, and changes nothing: {advice}")
    return said
