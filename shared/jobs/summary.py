"""The summary of some rows of a job: the distribution of each output, and the kinds of errors."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.jobs.comparison import Comparison
from shared.jobs.labels import Labels, is_counted, is_only_counted, labels_of
from shared.jobs.row_error_kinds import kind_of
from shared.jobs.sketch import Numbers, has_range, most_blocks, numbers_of
from shared.signature import Output

OutputSummary = Annotated[Numbers | Labels, Field(discriminator="kind")]

#: The fields of the summary of an older release, which had one output: the sentiment score.
_OLD = ("bins", "total", "least", "most")


class Summary(BaseModel):
    """The distribution of the outputs of some rows, and the kinds of their errors.

    Attributes:
        outputs: for each output of the job, in order, its summary; empty: nothing is known.
        errors: rows with an error, by the kind of the error.
        watched: what was counted of the rows that were read and scored, by name; see
            `shared.drift.counts`.
        comparisons: of each output that two models give, if the job has two; see
            `shared.jobs.comparison.compared`.
    """

    model_config = ConfigDict(frozen=True)

    outputs: tuple[OutputSummary, ...] = ()
    errors: dict[str, int] = {}
    watched: dict[str, tuple[int, ...]] = {}
    comparisons: tuple[Comparison, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_older_release(cls, found: Any) -> Any:
        """Read ten bins of scores from 0 to 1, their sum, and the least and largest score."""
        if not isinstance(found, dict) or "bins" not in found:
            return found
        new = {name: value for name, value in found.items() if name not in _OLD}
        if any(found["bins"]):
            numbers = {name: found[name] for name in _OLD[1:] if name in found}
            new["outputs"] = [{"kind": "numbers", "blocks": {0: found["bins"]}} | numbers]
        return new

    @property
    def scored(self) -> int:
        """The number of rows without an error, as far as outputs are known."""
        return self.outputs[0].count if self.outputs else 0

    @property
    def rows(self) -> int:
        """The number of all rows."""
        return self.scored + sum(self.errors.values())

    @property
    def sketches(self) -> int:
        """The number of outputs that are counted in a sketch."""
        return sum(isinstance(one, Numbers) and one.shift > 0 for one in self.outputs)

    @classmethod
    def of(
        cls,
        outputs: Sequence[Output],
        columns: Sequence[Sequence[Any]],
        errors: Sequence[str | None],
    ) -> Self:
        """Sum up rows, each of which has values or an error.

        Args:
            outputs: the outputs of the job.
            columns: the values of each output, one for each row; those of rows with an error are
                passed over.
            errors: the error of each row; None for a row with values.
        """
        most = most_blocks(sketches_in(outputs))
        found: list[OutputSummary] = []
        for output, column in zip(outputs, columns, strict=True):
            values = [value for value, error in zip(column, errors, strict=True) if error is None]
            if not output.required:
                values = [value for value in values if not _is_missing(value)]
            if is_only_counted(output):
                found.append(Labels(other=len(values)))
            elif is_counted(output):
                found.append(labels_of(output, values))
            else:
                found.append(numbers_of(output, values, most))
        return cls(outputs=tuple(found), errors=kinds_of(errors))


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def sketches_in(outputs: Sequence[Output]) -> int:
    """The number of these outputs that are counted in a sketch."""
    return sum(not is_counted(output) and not has_range(output) for output in outputs)


def kinds_of(errors: Sequence[str | None]) -> dict[str, int]:
    """The number of rows with an error of each kind."""
    kinds: Counter[str] = Counter()
    # Count first: thousands of rows may have the same error.
    for error, rows in Counter(error for error in errors if error is not None).items():
        kinds[kind_of(error)] += rows
    return dict(kinds)
