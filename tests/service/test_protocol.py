"""Waiting requests, idempotency keys and retries, with the real programs."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from support.programs import FAST, Programs, check_rows, many_rows
from support.waiting import wait_for

from shared.config.settings import Settings
from shared.model import SCORE, TEXT, load_model

pytestmark = pytest.mark.stack

#: Far more requests than may wait, and far fewer than the API has threads.
MANY = 40


def test_a_result_comes_as_the_answer(service: Programs) -> None:
    """A submission that waits gets the result of a small job, and of a job in parts."""
    frame = many_rows(5)[1]
    wanted = load_model(FAST).score(frame[[TEXT]])[SCORE].tolist()
    body = {"ref": frame["ref"].tolist(), "text": frame[TEXT].tolist()}
    prefer = {"Prefer": "wait=30"}
    answer = service.client.post("/jobs?model=fast", json=body, headers=prefer)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert [row[SCORE] for row in answer.json()["rows"]] == wanted
    content, sent = many_rows(20_000)
    answer = service.client.post(
        "/jobs?model=fast", content=content, headers={"Content-Type": "text/csv", **prefer}
    )
    assert answer.status_code == 200, answer.text
    check_rows(service.results(answer.headers["Location"]), sent)


@pytest.mark.keras
def test_waiting_requests_leave_room_for_others(service: Programs) -> None:
    """A limited number of requests wait, and get the end; the others are answered at once."""
    location = service.submit(many_rows(400_000)[0], model="deep")
    url = f"{service.client.base_url}{location}"
    limits = httpx.Limits(max_connections=MANY)

    with httpx.Client(timeout=60, limits=limits) as client, ThreadPoolExecutor(MANY) as threads:

        def follow(_: int) -> httpx.Response:
            return client.get(url, headers={"Prefer": "wait=30"})

        futures = [threads.submit(follow, one) for one in range(MANY)]
        at_once = MANY - 2 * Settings().waiting_requests
        wait_for(lambda: sum(one.done() for one in futures) >= at_once)
        assert service.status("/livez") == 200
        assert service.job(location)["state"] in ("queued", "running")
        assert service.client.post(f"{location}/cancel").status_code == 200
        answers = [one.result() for one in futures]
    waited = [one for one in answers if "Preference-Applied" in one.headers]
    assert all(one.status_code == 200 for one in answers)
    assert 1 <= len(waited) <= 2 * Settings().waiting_requests
    assert {one.json()["state"] for one in waited} == {"cancelled"}


def test_many_requests_with_one_key_make_one_job(service: Programs) -> None:
    """Concurrent requests with one key, to several processes, make one job; early ones retry."""
    content, sent = many_rows(2000)
    headers = {"Content-Type": "text/csv", "Idempotency-Key": '"the same for all"'}
    seen: Counter[int] = Counter()

    def submit(_: int) -> str:
        def taken() -> httpx.Response | None:
            answer = service.client.post("/jobs?model=fast", content=content, headers=headers)
            seen[answer.status_code] += 1
            return answer if answer.status_code != 409 else None

        answer = wait_for(taken)
        assert answer
        assert answer.status_code == 202, answer.text
        return str(answer.headers["Location"])

    with ThreadPoolExecutor(8) as threads:
        locations = set(threads.map(submit, range(8)))
    assert set(seen) <= {202, 409}
    [location] = locations
    assert service.wait_for_end(location)["rows"]["total"] == 2000
    check_rows(service.results(location), sent)
    other = service.client.post("/jobs?model=fast", content=content + b"x,y\n", headers=headers)
    assert other.status_code == 422


def test_a_job_that_bore_no_bad_row_is_retried(service: Programs) -> None:
    """A job that failed because of a bad row is retried, and every row comes back once."""
    content, sent = many_rows(30_000)
    job = service.wait_for_end(service.submit(content + b"bad,\n", model="fast", on_error="fail"))
    assert job["state"] == "failed"
    assert "row 30,001 (ref 'bad'): the text is empty" in job["error"]
    answer: Any = service.client.post(f"{job['links']['retry']}?on_error=skip")
    assert answer.status_code == 202, answer.text
    again = service.wait_for_end(answer.headers["Location"])
    assert (again["state"], again["retry_of"]) == ("succeeded", job["id"])
    assert again["rows"] == {"total": 30_001, "completed": 30_000, "failed": 1}
    found = service.results(answer.headers["Location"])
    check_rows(found.iloc[:-1], sent)
    assert found.iloc[-1]["error"] == "the text is empty"
