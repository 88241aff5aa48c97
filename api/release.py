"""The version of Scorelane that runs."""

from importlib.metadata import PackageNotFoundError, version


def release() -> str:
    """The version of the distribution; `0` if the source tree is run without being installed."""
    try:
        return version("scorelane-server")
    except PackageNotFoundError:
        return "0"
