"""No log and no error response contains texts, keys or passwords."""

import logging
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr
from support.doubles.length_model import LengthModel
from support.in_memory import Service, make_service
from support.waiting import wait_for

from api.security.keys import new_key
from shared.config.settings import Settings
from shared.signature import SENTIMENT
from worker.steps.bisection import score_frame

SECRET = "what somebody wrote in confidence"  # noqa: S105  a text, not a password


def test_an_exception_of_a_model_that_contains_a_text(caplog: pytest.LogCaptureFixture) -> None:
    """The log has its type and place; neither the log nor the row's error has its message."""

    class Quoting(LengthModel):
        def score(self, frame: pd.DataFrame) -> pd.DataFrame:
            raise ValueError(f"cannot score {frame['text'][0]}")

    _, reasons = score_frame(Quoting(), pd.DataFrame({"text": [SECRET]}), SENTIMENT.outputs, "text")
    assert "ValueError at " in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in reasons[0]


def test_an_unexpected_exception_that_contains_a_text(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets a 500 without a traceback; neither it nor the log has the message."""

    def fail(*_: Any) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(service.store, "create", fail)
    answer = service.client.post("/jobs", json={"text": [SECRET]})
    assert answer.status_code == 500
    assert "RuntimeError at " in caplog.text
    for text in (caplog.text, answer.text):
        assert SECRET not in text
    assert "site-packages" not in answer.text


def test_a_whole_job_logs_no_text(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """A job's log has no text, even at DEBUG and of rows with an error."""
    caplog.set_level(logging.DEBUG)
    service.scored(f'text\n{SECRET}\nraise\n""\n{SECRET},ragged\n'.encode())
    service.client.post("/jobs", json={"text": [SECRET, None]})
    service.work()
    assert "score job=" in caplog.text
    assert SECRET not in caplog.text


def test_keys_are_not_in_what_settings_show() -> None:
    """The `repr` of the settings hides the keys."""
    assert "alice" not in repr(Settings.model_validate({"api_keys": "alice read sha256:00"}))


def test_a_request_logs_neither_text_nor_key(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """A line of the access log has the key's owner, not the key; the route, not the query."""
    key, line = new_key("alice", "submit,read")
    service = make_service(settings.model_copy(update={"api_keys": SecretStr(line)}))
    caplog.set_level(logging.DEBUG)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/csv"}
    content = f"{SECRET}\n{SECRET}\n".encode()
    for path in (f"/jobs?text_column={SECRET}", f"/jobs?model={SECRET}", f"/{SECRET}"):
        service.client.post(path, data=content, headers=headers, buffered=True)
    service.work()
    requests = wait_for(lambda: len(lines := _requests(caplog)) == 3 and lines)
    assert [line.status for line in requests] == [202, 422, 404]
    assert requests[0].owner == "alice"
    for logged in [str(vars(record)) for record in caplog.records]:
        assert SECRET not in logged
        assert key not in logged


def _requests(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record for record in caplog.records if record.name == "api.process.access_log"]
