"""A scoring process measures how fast its models score."""

import time

import pandas as pd
import pytest
from support.doubles.length_model import LengthModel

from shared.signature import Input
from worker.models import measuring


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
    assert measuring.measure_rate(model) == pytest.approx(1 / seconds_per_row)
    assert max(model.calls) <= measuring.SAMPLE_ROWS
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
        assert measuring.measure_rate(model) == pytest.approx(1e4)


class TableModel(LengthModel):
    """A model of a table, which knows two words only."""

    def __init__(self, known: dict[str, list[str]]) -> None:
        super().__init__()
        one, two = (Input(name=name) for name in ("colour", "size"))
        self.card = self.card.model_copy(update={"inputs": (one, two)})
        self._known = known

    def trial_values(self) -> dict[str, list[str]]:
        return self._known

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        if not frame["colour"].isin(["red", "blue"]).all():
            raise ValueError("an unknown colour")
        return super().score(frame.rename(columns={"colour": "text"}))


def test_a_model_of_a_table_is_measured_with_values_that_it_knows() -> None:
    """Its rows are not English sentences; a model that takes none of them is served as well."""
    assert measuring.measure_rate(TableModel({"colour": ["red", "blue"]})) > 0
    assert measuring.measure_rate(TableModel({})) == measuring.UNKNOWN_RATE
