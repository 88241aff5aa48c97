"""What a card of a new model says of the environment in which it was made."""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

# Packages with a model format of their own import these from here.
from shared.new_model_folder import check_name, new_model_folder

__all__ = ["check_name", "library_versions", "new_model_folder"]


def library_versions(*distributions: str) -> dict[str, str]:
    """The versions of Python and of those of the distributions that are installed."""
    versions = {"python": python_version()}
    for distribution in distributions:
        with suppress(PackageNotFoundError):
            versions[distribution] = version(distribution)
    return versions
