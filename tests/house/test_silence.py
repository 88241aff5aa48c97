"""Texts, keys and passwords are in no log and no error answer."""

import logging
from typing import Any

import pandas as pd
import pytest
from in_memory import LengthModel, Service

from shared.settings import Settings
from worker.halving import score_texts

SECRET = "what somebody wrote in confidence"  # noqa: S105  not that kind of secret


def test_a_model_that_quotes_a_text_is_not_quoted(caplog: pytest.LogCaptureFixture) -> None:
    """Its exception is logged by its kind and its place, without its message."""

    class Quoting(LengthModel):
        def score(self, frame: pd.DataFrame) -> pd.DataFrame:
            raise ValueError(f"cannot score {frame['text'][0]}")

    _, reasons = score_texts(Quoting(), [SECRET])
    assert "ValueError at " in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in reasons[0]


def test_an_error_of_our_own_is_not_quoted(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A request that fails for a bug gets a 500 without a trace, and the log has no text either."""

    def fail(*_: Any) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(service.store, "create", fail)
    answer = service.client.post("/jobs", json={"text": [SECRET]})
    assert answer.status_code == 500
    assert "RuntimeError at " in caplog.text
    for said in (caplog.text, answer.text):
        assert SECRET not in said
    assert "site-packages" not in answer.text


def test_a_whole_job_logs_no_text(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Not at the most talkative level, not of a row with an error."""
    caplog.set_level(logging.DEBUG)
    service.scored(f"text\n{SECRET}\nraise\n\n{SECRET},ragged\n".encode())
    service.client.post("/jobs", json={"text": [SECRET, None]})
    service.work()
    assert "score job=" in caplog.text
    assert SECRET not in caplog.text


def test_keys_are_not_in_what_settings_show() -> None:
    """The settings can be printed."""
    assert "alice" not in repr(Settings.model_validate({"api_keys": "alice read sha256:00"}))
