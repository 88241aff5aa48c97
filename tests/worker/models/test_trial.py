"""The trial of a version, in a process of its own."""

from contextlib import closing
from pathlib import Path

import pytest
from support.waiting import wait_for

from shared.card import read_card
from shared.config.places import BUNDLED_MODELS
from worker.models import loading
from worker.models.kept_files import KeptFiles
from worker.models.trial_run import Trial

FAST = BUNDLED_MODELS / "fast"


def test_what_passes_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial notes the rate of its model, with which other processes load it unmeasured."""
    card = read_card(FAST)
    outcome = wait_for(Trial(FAST, card, seconds=600.0, most_bytes=2**40).outcome)
    assert outcome.reason == ""
    monkeypatch.setattr(loading, "measure_rate", pytest.fail)
    with closing(KeptFiles(FAST)) as kept:
        loaded = loading.load_version(FAST, card.full_name, kept, outcome.rate)
    assert loaded.rate == outcome.rate > 0


def test_what_cannot_be_loaded_has_no_rate(tmp_path: Path) -> None:
    """The outcome says why."""
    card = read_card(FAST)
    outcome = wait_for(Trial(tmp_path, card, seconds=600.0, most_bytes=2**40).outcome)
    assert "has no card.json" in outcome.reason
    assert outcome.rate is None
