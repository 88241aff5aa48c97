"""Scoring rows for a protocol: the rows of a request become records, or the request is refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from api.services import Services
from api.submission.questions import ask, check_count, current_client, find_served, pose
from api.uploads.json_rows import Row
from shared.card import Card
from shared.errors.input import RowErrors, UnknownModel
from shared.errors.service import NoSuchModel
from shared.fleet import Served
from shared.signature import Input, Output
from shared.tables.rows import Rows
from shared.tables.typed_columns import value_at


@dataclass(frozen=True)
class Table:
    """The rows of a request.

    Attributes:
        rows: the ref and the inputs of each row that can be scored.
        errors: why another row cannot be read, by its index among all rows.
    """

    rows: list[Row]
    errors: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows) + len(self.errors)

    @property
    def error_of_each(self) -> list[str | None]:
        """Why each row cannot be read; None if it can."""
        return [self.errors.get(row) for row in range(len(self))]


def table_of(rows: Rows, inputs: Sequence[Input]) -> Table:
    """Rows that were read from text, with their values as in JSON."""
    errors = {at: error for at, error in enumerate(rows.errors) if error is not None}
    columns = list(zip(inputs, rows.inputs, strict=True))
    return Table(
        [
            (None, *(value_at(one, column, at) for one, column in columns))
            for at in range(len(rows))
            if at not in errors
        ],
        errors,
    )


def served_in_path(at: Services, ref: str) -> Served:
    """The model that a path names.

    Args:
        at: the models.
        ref: `mine`, `mine@3f2a` or `mine@challenger`.

    Raises:
        shared.errors.service.NoSuchModel: there is no such model or version.
        shared.errors.service.NoModelYet: no worker has announced a model yet.
        shared.errors.aliases.AmbiguousVersion: it is the beginning of several versions.
        shared.errors.aliases.NoChampion: the version that it means is not there.
    """
    try:
        return at.model(ref)
    except UnknownModel as error:
        raise _not_found(at, error) from None


def answered(
    at: Services,
    served: Served,
    table: Table,
    outputs: tuple[Output, ...],
    ref: str | None,
) -> tuple[Card, list[dict[str, Any]]]:
    """Score the rows of a request.

    Args:
        at: the store, the dispatch and the limits.
        served: the model for which the rows were read.
        table: the rows; its list is emptied.
        outputs: those that are wanted.
        ref: the name that the request gives the model. Another version may score the rows if it
            means that one by now, and that has the same signature.

    Returns:
        The card of the model that scored them, and for each row a record of the outputs and
        `error`.

    Raises:
        shared.errors.service.NoSuchModel: the version is not there any more.
        shared.errors.base.ScorelaneError: there are too many rows, or nobody answers.
    """
    count = len(table)
    check_count(at, count)
    try:
        now = find_served(at, ref, served.card.signature)
    except UnknownModel as error:
        raise _not_found(at, error) from None
    card, found = now.card, list[dict[str, Any]]()
    if table.rows:
        card, found = ask(at, pose(at, now, table.rows, outputs, ref, current_client(at)))
    scored = iter(found)
    nothing = dict.fromkeys(one.name for one in outputs)
    return card, [
        nothing | {"error": table.errors[row]} if row in table.errors else next(scored)
        for row in range(count)
    ]


def _not_found(at: Services, error: UnknownModel) -> NoSuchModel:
    known = ", ".join(one.card.full_name for one in at.names.current().values()) or "none"
    return NoSuchModel(**error.fields | {"models": known})


def refuse_errors(errors: Sequence[str | None], advice: str) -> None:
    """Refuse a request that has rows with an error, naming the first of them.

    Raises:
        shared.errors.input.RowErrors: a row has an error.
    """
    bad = [row for row, error in enumerate(errors) if error is not None]
    if bad:
        raise RowErrors(
            row=f"{bad[0] + 1:,}",
            reason=errors[bad[0]],
            failed=f"{len(bad):,}",
            rows=f"{len(errors):,}",
            advice=advice,
        )
