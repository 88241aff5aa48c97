"""Where the one-machine stack notes its Redis, so that others on the machine find it."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from shared.config.settings import PREFIX, Settings

#: In the data folder: the address of the Redis that runs, or has run.
_NOTE = "redis-url"


def note_redis(data: Path, redis_url: str) -> None:
    """Note the address of the Redis of a stack."""
    (data / _NOTE).write_text(redis_url + "\n")


def settings_of_stack(settings: Settings, data: Path, environment: Mapping[str, str]) -> Settings:
    """The settings, with the Redis and the blobs of a stack where no variable names others.

    Args:
        settings: from the environment.
        data: the folder of a stack; where there is none, nothing is changed.
        environment: what variables are set.
    """
    if f"{PREFIX}REDIS_URL" in environment:
        return settings
    changes: dict[str, object] = {}
    with suppress(OSError):
        changes["redis_url"] = (data / _NOTE).read_text().strip()
        if f"{PREFIX}BLOBS_DIR" not in environment:
            changes["blobs_dir"] = data / "blobs"
    return settings.model_copy(update=changes)
