"""Digests of the files of a model, and the version that follows from them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.errors.model import DigestMismatch
from shared.signature import Input, Output


def file_digest(path: Path) -> str:
    """The sha256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digests(folder: Path, digests: Mapping[str, str]) -> None:
    """Check that each file of a folder is there, and has the sha256 that is given by its name.

    Raises:
        shared.errors.model.DigestMismatch: a file is missing, or has another digest.
    """
    for name, expected in digests.items():
        found = file_digest(folder / name) if (folder / name).is_file() else "of no file"
        if found != expected:
            raise DigestMismatch(path=folder / name, found=found, expected=expected)


def version_of(
    files: dict[str, str],
    options: dict[str, Any],
    inputs: Sequence[Input] = (),
    outputs: Sequence[Output] = (),
) -> str:
    """The version of a model: 12 hex digits, a digest of all that decides a result.

    Args:
        files: the sha256 of each file, by its name.
        options: the options on the card.
        inputs: the inputs on the card.
        outputs: the outputs on the card.
    """
    decisive: list[Any] = [files, options]
    if inputs or outputs:
        # Not without a signature: cards of older releases have none, and keep their versions.
        decisive += [[one.model_dump() for one in inputs], [one.model_dump() for one in outputs]]
    content = json.dumps(decisive, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]
