"""A process learns from the parts of bulk jobs how fast it takes whole parts."""

import pytest
from redis.exceptions import ConnectionError as RedisAway
from support.doubles.fleet import InMemoryFleet
from support.in_memory import make_service
from support.stored import MODEL, a_job
from typing_extensions import override

from shared.config.settings import Settings
from shared.fleet import PartRate
from shared.jobs.second_model import SecondModel
from shared.tables.parts import Part
from worker.steps.part_rates import PartRates

#: A part should take a second.
PART = 1.0


def part(rows: int, size: int = 0) -> Part:
    return Part(offset=0, length=size or 10 * rows, first_row=0, rows=rows)


def test_the_rate_counts_rows_and_bytes() -> None:
    """It is told after the first part of usual length, and again once it has changed."""
    fleet = InMemoryFleet()
    rates, spec = PartRates(fleet, PART), a_job().spec
    rates.learn(spec, part(500, 40_000), 1.0)
    assert fleet.learned_parts == {MODEL: PartRate(rows=500, bytes=40_000)}
    fleet.learned_parts.clear()
    rates.learn(spec, part(510, 40_000), 1.0)
    assert fleet.learned_parts == {}


@pytest.mark.parametrize(
    ("rows", "seconds"), [(100, 10.0), (100, 2.0), (50, 1.0), (250, 1.0), (1000, 1.0)]
)
def test_ten_parts_show_a_new_rate(rows: int, seconds: float) -> None:
    """After ten parts it is within 20 % of the rate that they had, whatever was before."""
    fleet = InMemoryFleet()
    rates, spec = PartRates(fleet, PART), a_job().spec
    for _ in range(20):
        rates.learn(spec, part(100), 1.0)
    for _ in range(10):
        rates.learn(spec, part(rows), seconds)
    assert fleet.learned_parts[MODEL].rows == pytest.approx(rows / seconds, rel=0.2)


def test_small_jobs_say_little() -> None:
    """A part counts by its seconds, and very short ones alone say nothing."""
    fleet = InMemoryFleet()
    rates, spec = PartRates(fleet, PART), a_job().spec
    rates.learn(spec, part(1), 0.01)
    assert fleet.learned_parts == {}
    rates.learn(spec, part(1000), 1.0)
    for _ in range(20):
        rates.learn(spec, part(1), 0.01)
    assert fleet.learned_parts[MODEL].rows == pytest.approx(1000, rel=0.2)


def test_a_rate_that_could_not_be_told_is_told_later() -> None:
    """While Redis is away, parts go on."""

    class Fickle(InMemoryFleet):
        is_away = True

        @override
        def learn_parts(self, full_name: str, rate: PartRate) -> None:
            if self.is_away:
                raise RedisAway
            super().learn_parts(full_name, rate)

    fleet = Fickle()
    rates, spec = PartRates(fleet, PART), a_job().spec
    rates.learn(spec, part(100), 1.0)
    fleet.is_away = False
    rates.learn(spec, part(100), 1.0)
    assert fleet.learned_parts == {MODEL: PartRate(rows=100, bytes=1000)}


def test_parts_with_a_second_model_are_left_out() -> None:
    """They take longer for a reason that other jobs do not share."""
    fleet, spec = InMemoryFleet(), a_job().spec
    second = SecondModel.model_construct(name="deep", version="1" * 12)
    PartRates(fleet, PART).learn(spec.model_copy(update={"second": second}), part(100), 1.0)
    assert fleet.learned_parts == {}


def test_bulk_jobs_are_learned_from(settings: Settings) -> None:
    """Each part of a bulk job is counted with its rows and bytes."""
    service = make_service(settings.model_copy(update={"min_part_rows": 1, "part_seconds": 1e-9}))
    service.scored(b"text\none\ntwo\n")
    [rate] = service.fleet.learned_parts.values()
    assert rate.bytes == pytest.approx(4 * rate.rows)
