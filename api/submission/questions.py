"""Scoring a few rows while the client waits: a question to the workers, of which nothing stays."""

from dataclasses import dataclass, replace
from typing import Any

from flask import Response

from api.process.sync_scorer import Client
from api.requests.limits import BULK_ADVICE
from api.security.access import current_identity
from api.security.budgets import current_budgets
from api.services import Services
from api.uploads.json_rows import Row
from shared.card import Card
from shared.errors.service import (
    ModelChanged,
    NoAnswerInTime,
    NoWorker,
    OwnerFull,
    QuestionsFull,
    ServiceFull,
    TooLarge,
)
from shared.fleet import Served
from shared.signature import Output, Signature
from shared.tables.csv_results import parse
from shared.tables.result_columns import ResultColumns
from shared.tables.stored_rows import write_rows

#: How many times a question is in memory on its way to Redis, or an answer, besides the values.
COPIES = 4


#: The share of the longest wait for an answer that a challenger in the place of the champion has.
CANARY_SHARE = 0.2

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


@dataclass(frozen=True)
class RowsQuestion:
    """Rows that a version is asked to score.

    Attributes:
        card: of the version.
        champion: the version that is asked if that one fails, which is a challenger in its place;
            None: no other version is asked.
        lines: the rows as `write_rows` writes them.
        count: the number of rows.
        client: for whom they are scored.
        outputs: those that are wanted.
    """

    card: Card
    champion: Card | None
    lines: bytes
    count: int
    client: Client
    outputs: tuple[Output, ...]

    @property
    def to_ask(self) -> tuple[str, bytes, int, Client]:
        """The question to the first version: the arguments of `SyncScorer.ask`."""
        return self.card.full_name, self.lines, self.count, self.client

    def read(self, result: bytes) -> list[dict[str, Any]]:
        """The records of an answer: `ref` (its number as a string), the outputs, and `error`."""
        signature = self.card.signature
        found = parse(result, columns=ResultColumns(signature.outputs))
        if self.outputs == signature.outputs:
            return found
        names = ResultColumns(self.outputs).names
        return [{name: row[name] for name in names} for row in found]


def current_client(at: Services) -> Client:
    """For whom the rows of the present request are scored."""
    key = current_identity()
    return Client(key.owner, key.id, current_budgets(at))


def pose(
    at: Services,
    served: Served,
    rows: list[Row],
    outputs: tuple[Output, ...],
    ref: str | None,
    client: Client,
) -> RowsQuestion:
    """Make a question of rows, to be scored by the doorbell like a small job.

    Args:
        at: the names of models.
        served: the model, from `find_served`.
        rows: the ref, which is not needed here, and the inputs of each row. The list is emptied:
            the rows are in memory once more on their way.
        outputs: the outputs that are wanted.
        ref: the name that the request gives the model. If its champion was asked for, and a
            challenger in its place fails, the champion is asked.
        client: for whom they are scored.
    """
    card, champion, count = served.card, at.names.find(ref).card, len(rows)
    lines = write_rows([(None, *values) for _, *values in rows], len(card.signature.inputs))
    rows.clear()
    is_alone = card.full_name == champion.full_name or champion.signature != card.signature
    return RowsQuestion(card, None if is_alone else champion, lines, count, client, outputs)


def ask(at: Services, question: RowsQuestion) -> tuple[Card, list[dict[str, Any]]]:
    """Ask a question and wait for the answer; nothing is recorded.

    Returns:
        The card of the version that has scored the rows, and the records of `RowsQuestion.read`.

    Raises:
        shared.errors.service.NoAnswerInTime: no worker answered in time.
        shared.errors.service.QuestionsFull: too many questions wait long already.
        shared.errors.service.BudgetSpent: a budget of the client has too few rows left today.
    """

    def asked(card: Card, client: Client, seconds: float | None = None) -> list[dict[str, Any]]:
        given = card.full_name, question.lines, question.count, client
        return question.read(at.sync_scorer.ask(*given, seconds))

    card, champion, client = question.card, question.champion, question.client
    if champion is None:
        return card, asked(card, client)
    found = []
    try:
        found = asked(card, client, at.settings.sentiment_timeout * CANARY_SHARE)
        # The rows are taken from budgets, and counted: once is enough.
        client = replace(client, budgets=(), counted=False)
    except (NoAnswerInTime, QuestionsFull, ServiceFull, OwnerFull):
        at.canary.pause(card.full_name)
    if not found or any(row["error"] for row in found):
        return champion, asked(champion, client)
    return card, found
