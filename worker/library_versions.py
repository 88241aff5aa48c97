"""The versions of what scores depend on, as this process has it."""

import json
import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

#: The libraries on which scores depend, as their distributions are named.
LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "lightgbm",
    "xgboost",
    "xgboost-cpu",
    "catboost",
    "onnxruntime",
    "tensorflow-cpu",
    "tensorflow",
)

#: The distribution of the services.
SERVICES = "scorelane-server"


def version_of(distribution: str) -> str | None:
    """The version of a distribution; None if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def library_versions() -> dict[str, str]:
    """The versions of Python and of the installed libraries of `LIBRARIES`."""
    found = {name: version_of(name) for name in LIBRARIES}
    return {"python": platform.python_version()} | {k: v for k, v in found.items() if v}


@lru_cache(maxsize=1)
def libraries_line() -> str:
    """The versions of Scorelane and of the libraries as one line, see `Job.libraries`."""
    found = {"scorelane": version_of(SERVICES) or "0"} | library_versions()
    return json.dumps(found, separators=(",", ":"))
