"""The settings with which the stack starts its programs."""

import os
from pathlib import Path

from shared.config.settings import PREFIX, Settings


def with_absolute_paths(settings: Settings) -> Settings:
    """The settings with their paths as seen from the current folder.

    The programs run in the data folder, where a relative path would be another one.
    """
    paths = {name: value.absolute() for name, value in settings if isinstance(value, Path)}
    return settings.model_copy(update=paths)


def environment(settings: Settings) -> dict[str, str]:
    """The environment variables of the services."""
    env = {
        # There is one process per core, and more threads would only compete for the cores.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # Their logs are files for people to read.
        "SCORELANE_LOG_FORMAT": "text",
        **os.environ,
        # Unbuffered, so that the last lines are in the log even if the service is killed.
        "PYTHONUNBUFFERED": "1",
        # There is one API process group and no load balancer, so it need not drain before stopping.
        "SCORELANE_DRAIN_SECONDS": "0",
    }
    changed = {name: str(value) for name, value in settings if isinstance(value, Path)}
    changed |= {"redis_url": settings.redis_url, "processes": str(settings.processes)}
    changed |= {"serve": settings.serve, "models": settings.models}
    for name, value in changed.items():
        variable = f"{PREFIX}{name}".upper()
        # pydantic ignores the case of a variable, so one in lower case would count too.
        for other in [spelled for spelled in env if spelled.upper() == variable]:
            del env[other]
        env[variable] = value
    # Without bytecode files each start would compile TensorFlow again: 25 s instead of 8.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env
