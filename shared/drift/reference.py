"""The reference of a model: how its scores and inputs were distributed in rows of its own.

A card has it (`Card.reference`). It names bins, and how many of its rows are in each; workers count
the rows of jobs in the same bins. So counts of parts and jobs can be added in any order, and
compared without the rows. It has no rows, and of texts only how long they are.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cached_property
from itertools import accumulate
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: The most columns of a reference, and the most values of a column that are counted each.
MOST_COLUMNS, MOST_VALUES = 100, 50

#: The longest value that is counted on its own, in characters: longer ones are texts, not names.
MOST_CHARACTERS = 64

#: The most bins of a number. They have about equally many rows of the reference.
MOST_BINS = 40

#: What is counted of a column: its value; the length of its text; or the share of the words of the
#: text that the model knows.
Aspect = Literal["value", "characters", "known words"]


#: The text of a value of each type in a column of names.
NAME_OF: dict[str, Callable[[Any], str]] = {
    "string": str,
    "boolean": lambda value: "true" if value else "false",
}


class Watched(BaseModel):
    """How one column is counted, and what was counted in the reference rows.

    A column of numbers has bins: up to and with the first edge, from there up to and with the
    second, and so on; the last has all greater numbers. A column of names has its most frequent
    values.

    Attributes:
        name: the column.
        role: whether it is one of the model's inputs or outputs.
        aspect: what is counted.
        edges: the E borders of the bins, ascending, of a column of numbers.
        values: the V values, of a column of names.
        counts: the rows without a value; then those in each of E + 1 bins, or with each of V values
            and with any other one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: Literal["input", "output"]
    aspect: Aspect = "value"
    edges: tuple[float, ...] = Field((), max_length=MOST_BINS)
    values: tuple[str, ...] = Field((), max_length=MOST_VALUES)
    counts: tuple[int, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.edges and self.values:
            raise ValueError("a column has edges or values, not both")
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError("the edges are not in ascending order")
        if len(self.counts) != len(self.edges or self.values) + 2 or min(self.counts) < 0:
            raise ValueError("there is not one count for each bin")
        return self

    @property
    def is_number(self) -> bool:
        """Whether its bins have an order."""
        return not self.values

    @property
    def title(self) -> str:
        """What people read: the column, and what of it."""
        return {
            "value": self.name,
            "characters": f"{self.name}: characters",
            "known words": f"{self.name}: share of known words",
        }[self.aspect]


class Reference(BaseModel):
    """The reference of a model.

    Attributes:
        rows: the rows that were counted.
        source: what they are, in words.
        columns: what is watched.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(ge=1)
    source: str = ""
    columns: tuple[Watched, ...] = Field(max_length=MOST_COLUMNS)

    @cached_property
    def digest(self) -> str:
        """Eight hex digits of a digest of the bins: counts with another one are in other bins."""
        bins = [column.model_dump(exclude={"counts"}) for column in self.columns]
        return hashlib.sha256(json.dumps(bins, sort_keys=True).encode()).hexdigest()[:8]

    def name_of(self, number: int) -> str:
        """The name under which the counts of a column are kept; see `shared.drift.counts`."""
        return f"{number}:{self.digest}"

    @property
    def usual_known_words(self) -> float | None:
        """A share of known words that at least 95 % of the reference rows exceed; None: unknown."""
        for column in self.columns:
            if column.aspect == "known words":
                bins = column.counts[1:]
                below = zip(accumulate(bins[:-1]), column.edges, strict=True)
                usual = [edge for rows, edge in below if rows <= 0.05 * sum(bins)]
                return usual[-1] if usual else None
        return None
