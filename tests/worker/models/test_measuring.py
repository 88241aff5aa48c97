"""A scoring process measures how fast its models score."""

import time

import pandas as pd
import pytest
from support.doubles.length_model import LengthModel

from shared.signature import Input
from worker.models import measuring

REAL_WAITED_SECONDS = measuring.waited_seconds


class TimedModel(LengthModel):
    """Advances a clock of its own by `seconds_per_row` for each row."""

    def __init__(self, clock: list[float], seconds_per_row: float) -> None:
        super().__init__()
        self._clock = clock
        self._seconds_per_row = seconds_per_row

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        self._clock[0] += self._seconds_per_row * len(frame)
        return super().score(frame)


@pytest.fixture(autouse=True)
def never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clocks of these tests are not those of the machine."""
    monkeypatch.setattr(measuring, "waited_seconds", lambda: 0.0)


@pytest.mark.parametrize("seconds_per_row", [1e-7, 1e-5, 1e-3, 0.02, 0.2, 1.0])
def test_a_rate_is_measured_with_a_bounded_number_of_rows(
    monkeypatch: pytest.MonkeyPatch, seconds_per_row: float
) -> None:
    """A slow model is measured with few rows; for a very fast one the number of rows is bounded."""
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    model = TimedModel(clock, seconds_per_row)
    assert measuring.measure_rate(model) == pytest.approx(1 / seconds_per_row)
    assert max(model.calls) <= measuring.SAMPLE_ROWS
    assert clock[0] < max(2.0, 5 * seconds_per_row)


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


def test_the_time_of_a_call_is_not_taken_for_that_of_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a busy machine four rows took a tenth of a second, and a job was cut into 708 parts."""
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    class SlowCalls(TimedModel):
        def score(self, frame: pd.DataFrame) -> pd.DataFrame:
            self._clock[0] += 0.1
            return super().score(frame)

    assert measuring.measure_rate(SlowCalls(clock, 1e-3)) > 350


def test_waiting_for_a_core_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate is that of the model when its process has a core."""
    clock, waited = [0.0], [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(measuring, "waited_seconds", lambda: waited[0])

    class Waiting(TimedModel):
        def score(self, frame: pd.DataFrame) -> pd.DataFrame:
            for one in (clock, waited):
                one[0] += 0.7
            return super().score(frame)

    assert measuring.measure_rate(Waiting(clock, 1e-3)) == pytest.approx(1e3)


def test_what_a_thread_has_waited_only_grows() -> None:
    """Where the system tells it; elsewhere it is always 0."""
    before = REAL_WAITED_SECONDS()
    sum(range(100_000))
    assert 0 <= before <= REAL_WAITED_SECONDS()


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
