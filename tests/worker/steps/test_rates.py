"""A process learns from the rows that it scores how fast its models are."""

from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisAway
from support.doubles.fleet import InMemoryFleet
from support.in_memory import make_service
from typing_extensions import override

from shared.config.settings import Settings
from worker.steps.rates import MOST_TIMES, USUAL_CHARS, Rates

NAME = "length@000000000001"

#: A part should take a second.
PART = 1.0


def texts(count: int, chars: int = USUAL_CHARS) -> list[str]:
    """Different texts of a length."""
    return [f"{number:0{chars}d}" for number in range(count)]


def rates_of(measured: float, fleet: InMemoryFleet | None = None) -> Rates:
    return Rates({NAME: measured}, fleet or InMemoryFleet(), PART)


def learn(rates: Rates, run: list[str], seconds: float) -> None:
    rates.learn(NAME, len(run), seconds, run)


def test_a_rate_that_was_measured_too_low_is_raised_by_one_run() -> None:
    """A run shows that the model is at least so fast, however short it is."""
    fleet = InMemoryFleet()
    rates = rates_of(100.0, fleet)
    learn(rates, texts(64), 0.064)
    assert rates[NAME] == pytest.approx(1000)
    assert fleet.rates() == {NAME: pytest.approx(1000)}


@pytest.mark.parametrize(
    "easy",
    [["the same"] * 6400, texts(6400, 7), texts(6400)],
    ids=["equal texts", "short texts", "very many"],
)
def test_easy_texts_do_not_make_a_model_fast(easy: list[str]) -> None:
    """Rows that are scored faster than others must not make the parts of other rows too long."""
    rates = rates_of(100.0)
    learn(rates, easy, 0.1)
    assert rates[NAME] <= 100 * MOST_TIMES
    rates = rates_of(10_000.0)
    learn(rates, easy[:600], 0.1)
    assert rates[NAME] == 10_000


def test_a_rate_that_was_measured_too_high_is_lowered_step_by_step() -> None:
    """One slow run may be the machine's; several are the model's."""
    rates = rates_of(10_000.0)
    learn(rates, texts(1000), 1.0)
    assert 7_000 < rates[NAME] < 10_000
    for _ in range(30):
        learn(rates, texts(1000), 1.0)
    assert rates[NAME] == pytest.approx(1000, rel=0.11)


@pytest.mark.parametrize("measured", [1500.0, 10_000.0, 1_000_000.0])
def test_ten_slow_runs_show_the_rate(measured: float) -> None:
    """However wrong the measured rate was, after ten parts it is within 20 % of the real one."""
    rates = rates_of(measured)
    for _ in range(10):
        learn(rates, texts(1000), 1.0)
    assert rates[NAME] == pytest.approx(1000, rel=0.2)


def test_slow_runs_between_others_are_those_of_the_machine() -> None:
    """Only slow runs in a row count more each."""
    rates = rates_of(1000.0)
    for _ in range(20):
        learn(rates, texts(500), 1.0)
        assert rates[NAME] >= 900
        learn(rates, texts(1000), 1.0)
    assert rates[NAME] == pytest.approx(1000)


@pytest.mark.parametrize(
    ("run", "seconds"),
    [(texts(10), 0.1), (texts(1), 0.4), (texts(100, 100 * USUAL_CHARS), 1.0)],
    ids=["few rows", "one row", "long texts"],
)
def test_a_short_run_or_long_texts_do_not_lower_a_rate(run: list[str], seconds: float) -> None:
    """In a short run the call takes most of the time; a part of long texts has fewer rows."""
    rates = rates_of(10_000.0)
    learn(rates, run, seconds)
    assert rates[NAME] == 10_000


def test_a_new_process_begins_with_what_others_have_learned() -> None:
    """It may have been measured while the others were busy."""
    fleet = InMemoryFleet()
    fleet.learn(NAME, 5000.0)
    assert dict(rates_of(1000.0, fleet)) == {NAME: 5000.0}
    assert len(rates_of(1000.0, fleet)) == 1
    fleet.learn(NAME, 1e9)
    assert rates_of(1000.0, fleet)[NAME] == 1000 * MOST_TIMES


def test_only_changes_are_told() -> None:
    """A steady rate costs no call to Redis; one that could not be told is told later."""

    class Fickle(InMemoryFleet):
        is_away = False

        @override
        def learn(self, full_name: str, rate: float) -> None:
            if self.is_away:
                raise RedisAway
            super().learn(full_name, rate)

        @override
        def rates(self) -> dict[str, float]:
            if self.is_away:
                raise RedisAway
            return super().rates()

    fleet = Fickle()
    fleet.is_away = True
    rates = rates_of(1000.0, fleet)
    learn(rates, texts(5000), 1.0)
    assert rates[NAME] == 5000
    fleet.is_away = False
    learn(rates, texts(4990), 1.0)
    assert fleet.rates() == {NAME: pytest.approx(5000, rel=0.01)}
    fleet.learned.clear()
    learn(rates, texts(4900), 1.0)
    assert fleet.rates() == {}


def test_bulk_and_small_jobs_are_learned_from(settings: Settings) -> None:
    """But not a run in which the model raised: the search for the text took most of the time."""
    service, seen = make_service(settings.model_copy(update={"min_part_rows": 64})), []

    def learn(_: Rates, full_name: str, rows: int, seconds: float, texts: list[str]) -> None:
        assert rows == len(texts)
        assert full_name == NAME
        assert seconds >= 0
        seen.append(len(texts))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rates, "learn", learn)
        service.scored(b"text\none\ntwo\n\n")
        body: Any = {"text": ["one", "", "three"]}
        assert service.client.post("/jobs", json=body).status_code == 202
        service.work()
        service.scored(b"text\none\nraise\n")
    assert seen == [2, 2]
