"""The settings of who may use the API, and how much of it."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from shared.config.owner_weights import owners_and_weights
from shared.config.validation import host_names, web_origins


class AccessSettings(BaseModel):
    """Keys, hosts, origins, and how much may wait, of one owner and in all."""

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
    model_uploads: bool = Field(
        False,
        description="Let keys with the scope `admin` upload models (`PUT /models/NAME`), which can "
        "be code that the workers run. The API must be able to write where the workers' models "
        "are: `SCORELANE_MODELS` or `SCORELANE_MODELS_DIR`.",
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
    places: str = Field(
        "",
        description="Files and folders that jobs may read where they are, and folders that may get "
        "their results: `owner read|write|both s3://bucket/folder/`, separated by semicolons. The "
        "owner `*` is everybody. Without a line that allows it, a place is refused.",
    )
    places_file: Path | None = Field(
        None, description="A file of such lines. It is read for each job that names a place."
    )
    requests_per_minute: int = Field(
        6000, ge=0, description="Requests a minute that the owner of a key may make; 0: no limit."
    )
    owner_weights: Annotated[str, AfterValidator(owners_and_weights)] = Field(
        "",
        description="Shares of the workers by owner, such as `alice=3,bob=0.5`, while several "
        "owners have work; an owner who is not named has 1.",
    )
    owner_rows_per_day: int = Field(
        0,
        ge=0,
        description="Rows that each owner of keys may have scored on a day (UTC); more is a 429. "
        "0: no limit. The line of a key may have a limit of its own.",
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
