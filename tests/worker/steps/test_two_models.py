"""Two models score the rows of a part, and one of them kills its process."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.doubles.fleet import InMemoryFleet
from support.doubles.length_model import LengthModel, length_score
from support.dying import Died

from shared.config.settings import Settings
from shared.jobs.job_store import Begun
from shared.jobs.second_model import SecondModel
from shared.jobs.spec import Spec
from shared.model import SCORE
from shared.tables.csv_layout import CsvLayout
from shared.tables.parts import Part
from shared.tables.rows import Rows
from worker.steps.crash_search import SEARCH_ATTEMPTS
from worker.steps.rates import Rates
from worker.steps.row_scorer import RowScorer
from worker.steps.two_models import SECOND_ATTEMPTS, TwoModels

MAX_ATTEMPTS = 3


class Deadly(LengthModel):
    """Ends its process when it scores one of some texts."""

    fatal: frozenset[str] = frozenset()

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        if self.fatal & set(frame["text"]):
            raise Died
        return super().score(frame)


def score(
    texts: list[str], fatal: set[int], fatal_for_second: set[int]
) -> tuple[Rows, dict[str, Any], int]:
    """Score texts until an attempt ends: the rows, the columns by name, and the deaths."""
    first, second = Deadly("first", "0" * 12), Deadly("second", "1" * 12)
    first.fatal = frozenset(texts[at] for at in fatal)
    second.fatal = frozenset(texts[at] for at in fatal_for_second)
    models = {one.card.full_name: one for one in (first, second)}
    rates = Rates(dict.fromkeys(models, 1.0), InMemoryFleet(), 0.1)
    scorer = RowScorer(Settings(max_attempts=MAX_ATTEMPTS), models, rates)
    other = SecondModel(
        name="second", version="1" * 12, suffix="@second", signature=second.card.signature
    )
    signature = other.added_to(first.card.signature)
    spec = Spec(
        id="0" * 32,
        model="first",
        version="0" * 12,
        kind="bulk",
        layout=CsvLayout(start=0),
        size=0,
        signature=signature,
        outputs=tuple(one.name for one in signature.outputs),
        second=other,
    )
    note, attempts = "", 0

    def save_note(text: str) -> None:
        nonlocal note
        note = text

    while True:
        attempts += 1
        rows = Rows([f"r{at}" for at in range(len(texts))], [list(texts)], [None] * len(texts))
        begun = Begun(Part(offset=0, length=1, first_row=0, rows=len(texts)), attempts, note)
        try:
            values = TwoModels(scorer, MAX_ATTEMPTS).attempt(spec, other, rows, begun, save_note)
        except Died:
            continue
        return rows, dict(zip(spec.outputs, values, strict=True)), attempts - 1


TEXTS = ["x" * (1 + at % 90) + str(at) for at in range(200)]


@pytest.mark.parametrize("at", [0, 73, 199])
def test_a_row_that_kills_the_second_model_keeps_its_score(at: int) -> None:
    """Exactly this row has no value of the second model, and none of the first is lost."""
    rows, found, deaths = score(TEXTS, set(), {at})
    assert rows.errors == [None] * len(TEXTS)
    assert list(found[SCORE]) == list(map(length_score, TEXTS))
    assert found["error@second"][at] == "scoring this text ended the worker's process"
    assert [row for row, error in enumerate(found["error@second"]) if error] == [at]
    assert [row for row, one in enumerate(found[f"{SCORE}@second"]) if one is None] == [at]
    assert deaths <= MAX_ATTEMPTS + SECOND_ATTEMPTS


def test_each_model_is_blamed_for_its_own_row() -> None:
    """A row that kills the first model has an error; one that kills the second does not."""
    rows, found, _ = score(TEXTS, {5}, {150})
    assert [row for row, error in enumerate(rows.errors) if error] == [5]
    assert [row for row, error in enumerate(found["error@second"]) if error] == [150]


def test_a_second_model_that_always_kills_is_given_up_soon() -> None:
    """All rows keep the first model's scores, after few deaths."""
    rows, found, deaths = score(TEXTS, {5}, set(range(200)))
    assert [row for row, error in enumerate(rows.errors) if error] == [5]
    assert all(found["error@second"][row] for row in range(200) if row != 5)
    assert all(found[SCORE][row] is not None for row in range(200) if row != 5)
    assert deaths <= MAX_ATTEMPTS + 4 + SECOND_ATTEMPTS


def test_a_first_model_that_always_kills_is_given_up_as_ever() -> None:
    """The rows have errors, and nothing is said of the second model."""
    rows, found, deaths = score(TEXTS, set(range(200)), set(range(200)))
    assert all(rows.errors)
    assert found["error@second"] == [None] * 200
    assert deaths == MAX_ATTEMPTS + SEARCH_ATTEMPTS


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 199), max_size=3), st.sets(st.integers(0, 199), max_size=1))
def test_no_row_is_lost_whichever_model_dies(first: set[int], second: set[int]) -> None:
    """Rows that kill the first model have an error; all others its score."""
    rows, found, _ = score(TEXTS, first, second)
    assert {row for row, error in enumerate(rows.errors) if error} == first
    for row, text in enumerate(TEXTS):
        if row not in first:
            assert found[SCORE][row] == length_score(text)
    assert {row for row, error in enumerate(found["error@second"]) if error} == second - first
