"""A challenger that raises, crashes, hangs and leaks takes nothing from the champion."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from support.faulty import Faulty, SentJob
from support.hostile_model import CRASHES, HANGS, LEAK_BYTES, LEAKS, RAISES, checksum_score
from support.waiting import wait_for

from shared.card import write_card
from shared.model import SCORE

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]

NAME, ROWS = "hostile", 20_000
BOTH = f"{NAME}@champion,{NAME}@challenger"
COLUMN = f"{SCORE}@challenger"


def versions(service: Faulty, folder: Any) -> dict[str, str]:
    """Add a calm version, which is the champion; the hostile one is the challenger."""
    challenger = _written(folder / NAME, "1e-4")
    calm = folder / "calm"
    calm.mkdir()
    champion = _written(calm, "1e-4 calm")
    found = {"champion": champion, "challenger": challenger}
    service.start_worker()
    service.start_worker()
    service.wait_ready()
    for alias, version in found.items():
        path = f"/models/{NAME}/aliases/{alias}?version={version}"
        wait_for(lambda path=path: service.client.put(path).status_code == 200)
    return found


def _written(folder: Any, content: str) -> str:
    (folder / f"model.{NAME}").write_text(content)
    return write_card(folder, name=NAME, format=NAME, files=[f"model.{NAME}"]).version


def sent(service: Faulty, texts: dict[int, str], **options: str) -> SentJob:
    rows = service.rows(ROWS)
    for row, text in texts.items():
        rows.loc[row, "text"] = text
    return SentJob(service.submit(rows.to_csv(index=False).encode(), **options), rows)


def check_champion(service: Faulty, job: SentJob) -> pd.DataFrame:
    """Wait for the end of a job; each row has the champion's score. Returns the results."""
    ended = service.wait_for_end(job.location)
    assert ended["state"] == "succeeded", ended["detail"]
    assert ended["rows"] == {"total": ROWS, "completed": ROWS, "failed": 0}
    found = service.results(job.location)
    assert found["ref"].tolist() == job.sent["ref"].tolist()
    wanted = pd.Series([checksum_score(text) for text in job.sent["text"]])
    assert (found[SCORE] - wanted).abs().max() < 1e-9
    return found


def test_a_hostile_challenger_in_one_job_with_the_champion(
    start: Start, measured: Measured, tmp_path: Any
) -> None:
    """Each row has the champion's score; exactly the hostile rows have none of the challenger."""
    service = start(serve="", task_time_limit="3", max_process_bytes=str(8 * LEAK_BYTES))
    versions(service, tmp_path / "model" / "models")
    hostile = {17: RAISES, 4444: CRASHES, 12345: HANGS}
    leaks = dict.fromkeys(range(5000, ROWS, 3000), LEAKS)
    job = sent(service, hostile | leaks, models=BOTH)
    found = check_champion(service, job)
    errors = found[found["error@challenger"] != ""]["error@challenger"]
    assert sorted(errors.index) == sorted(hostile)
    assert errors[17] == "the model could not score this text: ValueError"
    assert errors[4444] == errors[12345] == "scoring this text ended the worker's process"
    others = pd.to_numeric(found[COLUMN].drop(index=sorted(hostile)))
    assert (others - found[SCORE]).abs().max() == 0
    [output] = service.client.get(f"{job.location}/summary").json()["comparison"]["outputs"]
    assert (output["rows"], output["unscored"]) == (ROWS - 3, 3)
    assert (output["equal"], output["largest"]) == (1.0, [])
    measured("3 rows without the challenger's score, 0 without the champion's")


def test_rows_are_compared_once_whoever_dies(
    start: Start, measured: Measured, tmp_path: Any
) -> None:
    """Workers are killed during the job, and the comparison still counts each row once."""
    service = start(serve="", lease_seconds="2", reconcile_seconds="0.5")
    versions(service, tmp_path / "model" / "models")
    workers = list(service.running("worker"))
    job = sent(service, {}, models=BOTH, label_column="text")
    for number, rows in enumerate(range(2000, ROWS, 6000)):
        service.wait_for_rows(job.location, rows)
        service.kill_in_turn(workers, number)
    check_champion(service, job)
    [output] = service.client.get(f"{job.location}/summary").json()["comparison"]["outputs"]
    assert (output["rows"], output["unscored"], output["equal"]) == (ROWS, 0, 1.0)
    assert output["test"]["unreadable"] == ROWS
    measured("3 kills, each row compared once")


def test_a_canary_that_fails_refuses_nobody(
    start: Start, measured: Measured, tmp_path: Any
) -> None:
    """Who asks for the champion gets its answer, whatever the challenger does with the text."""
    service = start(serve="", task_time_limit="3", sentiment_timeout="30")
    found = versions(service, tmp_path / "model" / "models")
    service.client.put(f"/models/{NAME}/traffic?canary=1").raise_for_status()
    by = set()
    for text in ("good", RAISES, CRASHES, "good", HANGS, "good"):
        answer = service.client.post(f"/sentiment?model={NAME}", json={"text": [text]})
        assert answer.status_code == 200, answer.text
        assert answer.json() == [{"ref": 1, SCORE: checksum_score(text)}]
        by.add(answer.headers["Scorelane-Model"].partition("@")[2])
    assert by == set(found.values())
    measured("6 questions, 0 refused")


def test_a_hostile_shadow_is_not_noticed(start: Start, measured: Measured, tmp_path: Any) -> None:
    """The job has the champion's results; its shadow ends by itself, with errors."""
    service = start(serve="", task_time_limit="3")
    found = versions(service, tmp_path / "model" / "models")
    service.client.put(f"/models/{NAME}/traffic?shadow=1").raise_for_status()
    job = sent(service, {17: RAISES, 4444: CRASHES}, model=NAME)
    check_champion(service, job)
    jobs = service.client.get("/jobs?label=shadow_of:" + job.id).json()["jobs"]
    [shadow] = [one for one in jobs if one["model"]["version"] == found["challenger"]]
    ended = service.wait_for_end(f"/jobs/{shadow['id']}")
    assert (ended["state"], ended["rows"]["failed"]) == ("succeeded", 2)
    comparison = service.client.get(f"{job.location}/summary").json()["comparison"]
    [output] = comparison["outputs"]
    assert (comparison["shadow"], output["rows"], output["equal"]) == (
        shadow["id"],
        ROWS - 2,
        1.0,
    )
    measured("2 rows with an error in the shadow, 0 in the job")
