"""Scoring a few rows while the client waits: a question to the workers, of which nothing stays."""

from typing import Any

from flask import Response

from api.event_loop.later import Posed
from api.process.sync_scorer import Client
from api.requests.limits import BULK_ADVICE
from api.security.access import current_identity
from api.security.budgets import current_budgets
from api.services import Services
from api.uploads.json_rows import Row
from shared.errors.service import ModelChanged, NoWorker, TooLarge
from shared.fleet import Served
from shared.model import Card
from shared.signature import Output, Signature
from shared.tables.csv_results import parse
from shared.tables.result_columns import ResultColumns
from shared.tables.stored_rows import write_rows

#: How many times a question is in memory on its way to Redis, or an answer, besides the values.
COPIES = 4


#: The header of an answer that names the version that has scored it, in the OpenAPI document.
MODEL_HEADER = {"Scorelane-Model": "The version of the model that scored the rows: `mine@3f2a...`."}


def with_model(answer: Response, card: Card) -> Response:
    """The answer, with the header that names the version that has scored it."""
    answer.headers["Scorelane-Model"] = card.full_name
    return answer


def find_served(at: Services, ref: str | None, signature: Signature | None = None) -> Served:
    """The version that a name means, if a live process serves it.

    Args:
        at: the fleet, and the name of the default model.
        ref: the name, as `Services.model` takes it.
        signature: that of the model when its rows were read; None: they were not read yet.

    Raises:
        shared.errors.service.ModelChanged: the model has another signature now.
        shared.errors.service.NoModelYet: no worker has announced a model yet.
        shared.errors.input.UnknownModel: there is no such model, version or alias.
        shared.errors.aliases.NoChampion: the version that an alias points at is not there.
        shared.errors.service.NoWorker: no live process serves it.
    """
    served = at.model(ref)
    if not at.fleet.processes(served.card.full_name):
        # Perhaps workers have announced another version of it since; the fleet looked again.
        served = at.model(ref)
    if not at.fleet.processes(served.card.full_name):
        # A wait would hold a thread of the API; a few dozen such requests would hold them all.
        raise NoWorker(model=served.card.full_name)
    if signature is not None and signature != served.card.signature:
        # The columns would be taken for others, without a word.
        raise ModelChanged(model=served.card.name)
    return served


def check_count(at: Services, rows: int) -> None:
    """Check that rows are few enough for a question.

    Raises:
        shared.errors.service.TooLarge: they are more than `small_rows`.
    """
    if rows > at.settings.small_rows:
        limit = f"{at.settings.small_rows:,}"
        raise TooLarge(what="number of rows", limit=limit, unit="rows", advice=BULK_ADVICE)


def ask(
    at: Services, served: Served, rows: list[Row], outputs: tuple[Output, ...]
) -> list[dict[str, Any]]:
    """Score rows by the doorbell, like a small job; nothing is recorded.

    Args:
        at: the store, the dispatch and the limits.
        served: the model, from `find_served`.
        rows: the ref, which is not needed here, and the inputs of each row. The list is emptied:
            the rows are in memory once more on their way.
        outputs: the outputs that are wanted.

    Returns:
        For each row a record of `ref` (its number as a string), the outputs, and `error`.

    Raises:
        shared.errors.service.NoAnswerInTime: no worker answered in time.
        shared.errors.service.QuestionsFull: too many questions wait long already.
        shared.errors.service.BudgetSpent: a budget of the client has too few rows left today.
    """
    posed = pose(served, rows, outputs, current_client(at))
    return posed.read(at.sync_scorer.ask(*posed.question))


def current_client(at: Services) -> Client:
    """For whom the rows of the present request are scored."""
    key = current_identity()
    return Client(key.owner, key.id, current_budgets(at))


def pose(
    served: Served, rows: list[Row], outputs: tuple[Output, ...], client: Client
) -> Posed[list[dict[str, Any]]]:
    """Make a question of rows; takes and returns what `ask` does."""
    signature, count = served.card.signature, len(rows)
    lines = write_rows([(None, *values) for _, *values in rows], len(signature.inputs))
    rows.clear()

    def read(result: bytes) -> list[dict[str, Any]]:
        found = parse(result, columns=ResultColumns(signature.outputs))
        if outputs == signature.outputs:
            return found
        names = ResultColumns(outputs).names
        return [{name: row[name] for name in names} for row in found]

    return Posed((served.card.full_name, lines, count, client), read)
