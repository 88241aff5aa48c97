"""A scoring process measures its models, and announces them."""

import time

import pandas as pd
import pytest
from redis.exceptions import ConnectionError as RedisAway
from support.doubles.fleet import InMemoryFleet
from support.doubles.length_model import LengthModel

from shared.fleet import Served
from worker import loading
from worker.announcement import announce


class TimedModel(LengthModel):
    """Advances a clock of its own by `seconds_per_row` for each row."""

    def __init__(self, clock: list[float], seconds_per_row: float) -> None:
        super().__init__()
        self._clock = clock
        self._seconds_per_row = seconds_per_row

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        self._clock[0] += self._seconds_per_row * len(frame)
        return super().score(frame)


@pytest.mark.parametrize("seconds_per_row", [1e-7, 1e-5, 1e-3, 1.0])
def test_a_rate_is_measured_with_a_bounded_number_of_rows(
    monkeypatch: pytest.MonkeyPatch, seconds_per_row: float
) -> None:
    """A slow model is measured with few rows; for a very fast one the number of rows is bounded."""
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    model = TimedModel(clock, seconds_per_row)
    assert loading.measure_rate(model) == pytest.approx(1 / seconds_per_row)
    assert max(model.calls) <= loading.SAMPLE_ROWS
    assert clock[0] < max(1.0, 5 * seconds_per_row)


@pytest.mark.parametrize("pause", [0.15, 0.9, 5.0])
def test_one_slow_round_does_not_make_a_model_slow(
    monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    """The process may have waited for a core: what counts is how fast the model can be."""
    for slow_round in range(1, 6):
        clock = [0.0]
        monkeypatch.setattr(time, "perf_counter", lambda clock=clock: clock[0])

        class Interrupted(TimedModel):
            def score(self, frame: pd.DataFrame) -> pd.DataFrame:
                if len(self.calls) + 1 == slow_round:  # noqa: B023  it is called in this loop
                    self._clock[0] += pause
                return super().score(frame)

        model = Interrupted(clock, 1e-4)
        assert loading.measure_rate(model) == pytest.approx(1e4)


def test_a_redis_that_is_away_does_not_end_a_process() -> None:
    """The process waits, and announces its models when Redis is back."""
    model = LengthModel()

    class Away(InMemoryFleet):
        refusals = 3

        def announce(self, node: str, served: list[Served], *, replaces: bool = False) -> None:
            if self.refusals:
                self.refusals -= 1
                raise RedisAway
            super().announce(node, served)

    fleet = Away()
    announce(fleet, [Served(card=model.card, rate=1.0)], pause=0.0)
    assert fleet.models().keys() == {model.card.name}
