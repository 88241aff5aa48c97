"""The examples of a model: rows that it scored when it was added, with its outputs.

They are in `examples.json` in the model's folder, and are checked wherever the model is loaded.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from random import Random
from typing import Any, NamedTuple, Self

import pandas as pd

from shared.card import Card
from shared.errors.model import DigestMismatch, OtherOutputs
from shared.model import Model
from shared.signature import Input
from shared.tables.trial_rows import typed_frame

EXAMPLES_FILE = "examples.json"

#: How many rows are kept with a model.
KEPT_ROWS = 20

#: How far an output may be from what it was elsewhere, as a share of its size if that is over 1.
#: Networks compute with 32 bits, and add in another order on another machine or in another library.
_TOLERANCE, _TOLERANCE_OF_NETWORKS = 1e-6, 1e-5

_NETWORKS = ("hdf5", "keras", "onnx")

#: The values of a row, by the name of their column, as JSON has them; None: missing.
Values = dict[str, Any]


class Apart(NamedTuple):
    """The output that differs most from the one that is kept."""

    output: str
    row: int  #: The number of the row, from 1.
    found: Any
    kept: Any
    difference: float  #: 1 between labels.


@dataclass(frozen=True)
class Examples:
    """Rows and their outputs.

    Attributes:
        inputs: the inputs of the model.
        given: the inputs of each row.
        found: the outputs of each row.
    """

    inputs: tuple[Input, ...]
    given: Sequence[Values]
    found: Sequence[Values]

    @classmethod
    def of(cls, inputs: tuple[Input, ...], rows: pd.DataFrame, scored: pd.DataFrame) -> Self:
        """The examples of some rows, and of what a model gave for them."""
        return cls(inputs, records_of(rows), records_of(scored))

    def to_json(self) -> str:
        """The content of `examples.json`."""
        pairs = zip(self.given, self.found, strict=True)
        rows = [{"inputs": given, "outputs": found} for given, found in pairs]
        return json.dumps({"rows": rows}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @property
    def values(self) -> dict[str, list[Any]]:
        """The values of each input, by its name."""
        return {one.name: [row[one.name] for row in self.given] for one in self.inputs}

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as `Model.score` takes them."""
        return typed_frame(self.inputs, self.values)

    def apart(self, scored: pd.DataFrame, tolerance: float) -> Apart | None:
        """Where a model gives something else than it gave; None if it gives the same.

        Args:
            scored: what it gives for `frame`.
            tolerance: how far numbers may be apart; see `tolerance_of`.
        """
        worst: Apart | None = None
        for row, (found, kept) in enumerate(
            zip(records_of(scored), self.found, strict=True), start=1
        ):
            for name, value in kept.items():
                difference = _difference(found.get(name), value, tolerance)
                if difference and (worst is None or difference > worst.difference):
                    worst = Apart(name, row, found.get(name), value, difference)
        return worst


def _difference(found: Any, kept: Any, tolerance: float) -> float:
    """How far two values are apart; 0 within the tolerance, 1 between labels."""
    if type(found) is float and type(kept) in (float, int):
        apart = abs(found - kept)
        return apart if apart > tolerance * max(1.0, abs(kept)) else 0.0
    return 0.0 if found == kept else 1.0


def tolerance_of(card: Card) -> float:
    """How far an output of a model may be from what it is elsewhere, if its size is up to 1."""
    return _TOLERANCE_OF_NETWORKS if card.format in _NETWORKS else _TOLERANCE


def records_of(frame: pd.DataFrame) -> list[Values]:
    """The rows of a frame, with the values of JSON; None for those that are missing."""
    columns = {
        str(name): [
            None if missing else _plain(value)
            for value, missing in zip(column.tolist(), column.isna(), strict=True)
        ]
        for name, column in frame.items()
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    # JSON has no number for it, and a row with such an output gets an error as without one.
    return None if isinstance(value, float) and math.isinf(value) else value


def read_examples(folder: Path, card: Card) -> Examples | None:
    """The examples in a model folder; None if its card names none.

    Raises:
        shared.errors.model.DigestMismatch: the file is not the one that the card names.
    """
    if EXAMPLES_FILE not in card.files:
        return None
    path = folder / EXAMPLES_FILE
    content = path.read_bytes()
    found, expected = hashlib.sha256(content).hexdigest(), card.files[EXAMPLES_FILE]
    if found != expected:
        raise DigestMismatch(path=path, found=found, expected=expected)
    rows = json.loads(content)["rows"]
    return Examples(
        card.signature.inputs, [row["inputs"] for row in rows], [row["outputs"] for row in rows]
    )


def check_examples(model: Model, examples: Examples) -> list[str]:
    """Check that a model gives for its examples what it gave when it was added.

    Args:
        model: loaded and warmed up.
        examples: its examples.

    Returns:
        The libraries of its card that have another version here, as in
        `numpy 2.1.0 (added with 1.26.4)`.

    Raises:
        shared.errors.model.OtherOutputs: it gives something else, or raises.
    """
    versions = other_versions(model.card)
    try:
        apart = examples.apart(model.score(examples.frame), tolerance_of(model.card))
    # A model is user code, and may raise any exception.
    except Exception as error:
        said = f"it cannot score its examples ({type(error).__name__}: {str(error)[:100]})"
        raise OtherOutputs(
            name=model.card.full_name, found=said, versions=_versions_text(versions)
        ) from error
    if apart is not None:
        said = f"{apart.output} is {_shown(apart.found)} and was {_shown(apart.kept)}"
        if isinstance(apart.kept, float) and isinstance(apart.found, float):
            said += f", the largest difference is {apart.difference:.2g}"
        said += f" (row {apart.row} of {EXAMPLES_FILE})"
        raise OtherOutputs(name=model.card.full_name, found=said, versions=_versions_text(versions))
    return versions


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    return f"{value:.9g}" if isinstance(value, float) else str(value)[:40]


def _versions_text(versions: Sequence[str]) -> str:
    if not versions:
        return "the versions of its libraries are those of its card, so the machine may differ"
    return "its libraries are others here: " + ", ".join(versions)


def other_versions(card: Card) -> list[str]:
    """The libraries of a card that have another version here; one that is not here has none."""
    found = []
    for name, there in card.libraries.items():
        try:
            here = python_version() if name == "python" else version(name)
        except PackageNotFoundError:
            # It is not needed to run the model: TensorFlow is not for a compiled one.
            continue
        if here != there:
            found.append(f"{name} {here} (added with {there})")
    return found


def varied_rows(
    inputs: Sequence[Input], known: Mapping[str, Sequence[Any]], count: int
) -> pd.DataFrame:
    """Rows of the values of examples, in other combinations; the same at each call.

    A model may score equal rows once, and would then seem fast.

    Args:
        inputs: the inputs of a model.
        known: values of each.
        count: the number of rows.
    """
    random = Random(0)  # noqa: S311  nothing here is secret
    columns = {one.name: [_drawn(known[one.name], random) for _ in range(count)] for one in inputs}
    if [(one.type, one.required) for one in inputs] == [("string", True)]:
        # Few texts are all there is to draw from.
        columns = {
            name: [" ".join(random.sample(words, len(words))) for words in map(_words, texts)]
            for name, texts in columns.items()
        }
    return typed_frame(inputs, columns)


def _drawn(known: Sequence[Any], random: Random) -> Any:
    """One of some values, or between two of them if they are fractions; whole ones may be codes."""
    value = random.choice(known)
    if isinstance(value, float) and not value.is_integer():
        other = random.choice(known)
        if isinstance(other, float) and math.isfinite(value - other):
            return random.uniform(value, other)
    return value


def _words(text: str) -> list[str]:
    return text.split(" ")
