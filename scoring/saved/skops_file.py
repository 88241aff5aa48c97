"""Reads files of skops, which hold an estimator as data: reading one runs no code of its maker."""

import json
import zipfile
import zlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shared.config.settings import PREFIX, load_settings

#: What `load_skops` raises at a zip file that is cut off, damaged or not of skops.
_DAMAGED = (zipfile.BadZipFile, zlib.error, json.JSONDecodeError, EOFError)


class NotReadable(Exception):
    """A file of skops that cannot be read here; the message says why, and what to do."""


def load_skops(path: Path) -> Any:
    """Build the object that a file of skops describes.

    skops imports and calls only types that it trusts itself, and those in the setting
    `SCORELANE_TRUSTED_TYPES`. The file and its card have no say in that.

    Raises:
        NotReadable: the file is damaged, or holds types that are not trusted or not installed; or
            skops is not installed.
    """
    io = _skops()
    allowed = trusted_types()
    try:
        unknown = sorted(set(io.get_untrusted_types(file=path)) - set(allowed))
        if not unknown:
            return io.load(path, trusted=allowed)
    except Exception as error:
        raise NotReadable(_failure(error)) from error
    raise NotReadable(_of_unknown(unknown, allowed))


def save_skops(value: Any, path: Path) -> None:
    """Write an object as a file of skops."""
    _skops().dump(value, path)


def _skops() -> Any:
    # Imported here: it imports all of scikit-learn, which a pickle does not need.
    try:
        from skops import io  # noqa: PLC0415
    except ImportError as error:
        raise NotReadable(
            f"the package skops cannot be imported here ({error}). Install it, here and for the "
            "workers"
        ) from error
    return io


def trusted_types() -> list[str]:
    """The types of the setting `SCORELANE_TRUSTED_TYPES`."""
    return [name.strip() for name in load_settings().trusted_types.split(",") if name.strip()]


def _failure(error: Exception) -> str:
    said = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
    if isinstance(error, _DAMAGED) or "schema.json" in said:
        return (
            f"it is no whole file of skops ({said}). Copy the whole file again, or save the fitted "
            "pipeline with skops.io.dump"
        )
    return (
        f"skops cannot read it ({said}); here are scikit-learn {version('scikit-learn')} and skops "
        f"{version('skops')}. Install the versions that saved it, or fit and save the pipeline "
        "again with these"
    )


def _of_unknown(unknown: list[str], allowed: list[str]) -> str:
    setting = f"{PREFIX}TRUSTED_TYPES"
    reason = (
        f"it holds types that are not trusted here: {', '.join(unknown)}. If you trust them, and "
        f"the file, set {setting}={','.join([*allowed, *unknown])}, here and for the workers"
    )
    if own := [name for name in unknown if name.startswith("__main__.")]:
        reason += (
            f". {', '.join(own)} cannot be found by that: put it into a module of a package, "
            "install that, and save the pipeline again"
        )
    return reason
