"""The settings of the places where data is: Redis, blobs and models."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from shared.config.redis_url import redis_address
from shared.config.validation import blob_address, store_endpoint, type_names

_ROOT = Path(__file__).resolve().parents[2]
_IN_WHEEL = _ROOT / "scorelane" / "models"

#: The folder of the bundled models: that of the checkout, or where the wheel has put them.
BUNDLED_MODELS = _IN_WHEEL if _IN_WHEEL.is_dir() else _ROOT / "models"


def user_models() -> Path:
    """The folder of the models of this user: `scorelane/models` where the system keeps user data.

    That is `$XDG_DATA_HOME`, or `~/.local/share` (XDG Base Directory Specification). For a user
    without a home it is the folder of the bundled models.
    """
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    if named.is_absolute():
        return named / "scorelane" / "models"
    try:
        return Path.home() / ".local" / "share" / "scorelane" / "models"
    except RuntimeError:
        return BUNDLED_MODELS


def user_cache() -> Path:
    """The folder of the copies of models that lie in object storage.

    It is `scorelane/models` in `$XDG_CACHE_HOME`, or `~/.cache` (XDG Base Directory Specification).

    Raises:
        FileNotFoundError: the user has no home, and the variable is not set.
    """
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        return named / "scorelane" / "models"
    try:
        return Path.home() / ".cache" / "scorelane" / "models"
    except RuntimeError:
        reason = "this user has no home for copies of models; set XDG_CACHE_HOME to a folder"
        raise FileNotFoundError(2, reason) from None


class PlaceSettings(BaseModel):
    """Where Redis, the blobs and the models are."""

    redis_url: Annotated[str, AfterValidator(redis_address)] = Field(
        "redis://127.0.0.1:6379/0",
        description="The address of Redis, which holds the queues, the job records and the bells; "
        "or of its sentinels, such as `sentinel://HOST:26379,HOST:26379/mymaster`. `rediss://` and "
        "`sentinels://` use TLS. docs/how-to/use-redis-sentinel.md has the options.",
    )
    redis_password_file: Path | None = Field(
        None,
        description="A file with the password of Redis, if the address has none. It is read for "
        "each new connection.",
    )
    redis_sentinel_password_file: Path | None = Field(
        None,
        description="A file with the password of the sentinels, if they have one and the address "
        "does not hold it (`?sentinel_password=`).",
    )
    key_prefix: str = Field("scorelane:", description="Put before every key in Redis.")
    redis_timeout: float = Field(
        2.0, gt=0, description="A Redis call that takes longer is an error, and a 503 to a client."
    )
    blobs_dir: Path = Field(
        Path(".scorelane/blobs"),
        description="The folder of uploads and result parts. The API and the workers share it.",
    )
    blobs: Annotated[str, AfterValidator(blob_address)] = Field(
        "",
        description="Object storage in place of that folder, such as `s3://bucket/prefix`, "
        "`gs://bucket/prefix` or `az://container/prefix`. Credentials, region and endpoint are "
        "those of the `AWS_*`, `GOOGLE_*` or `AZURE_*` variables.",
    )
    blobs_endpoint: Annotated[str, AfterValidator(store_endpoint)] = Field(
        "",
        description="The address at which clients reach that object storage, such as "
        "`https://s3.example.com`, if it is not that of `AWS_ENDPOINT_URL`. Signed addresses of "
        "results begin with it.",
    )
    models_dir: Path = Field(
        default_factory=user_models,
        description="A folder of model folders. The default is `scorelane/models` in "
        "`$XDG_DATA_HOME` or `~/.local/share`, and the bundled models whose names are not taken "
        "there are served too.",
    )
    models: Annotated[str, AfterValidator(blob_address)] = Field(
        "",
        description="Object storage in place of that folder, such as `s3://bucket/models`, with a "
        "folder for each version; credentials as for `SCORELANE_BLOBS`. Workers keep a copy in "
        "`scorelane/models` in `$XDG_CACHE_HOME` or `~/.cache`.",
    )
    serve: str = Field(
        "",
        description="The models that a worker serves, separated by commas; empty: all in the "
        "models folder.",
    )
    library_versions: Literal["proven", "same"] = Field(
        "proven",
        description="Which models a worker serves whose cards name other versions of libraries "
        "than it has. `proven`: those that it can load and that give for their examples what they "
        "gave where they were added. `same`: none; the major and minor numbers must be equal. It "
        "leaves the others to workers in another environment.",
    )
    default_model: str = Field("fast", description="The model of a job that names none.")
    trusted_types: Annotated[str, AfterValidator(type_names)] = Field(
        "",
        description="Types that a `.skops` model may hold in addition to those that skops trusts, "
        "by comma, such as `sklearn.tree._tree.Tree`; for workers and `scorelane add-model`.",
    )

    @property
    def redis_password(self) -> str | None:
        """The password of Redis from its file; None if no file is named.

        Raises:
            OSError: the file cannot be read.
        """
        path = self.redis_password_file
        return path.read_text().strip() if path else None
