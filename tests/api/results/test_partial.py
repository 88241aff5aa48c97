"""`partial=true`: a client reads a running job's rows, each once, in order, up to the last one."""

import json
import random
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st
from support.doubles.length_model import length_score
from support.in_memory import Service, make_service

from shared.config.settings import Settings

ROWS = 43
CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (row, b"z" * (row % 7)) for row in range(ROWS))
REFS = [f"r{row}" for row in range(ROWS)]


@pytest.fixture
def service(settings: Settings) -> Service:
    """The service, with several worker processes."""
    service = make_service(settings)
    service.fleet._processes = 4
    return service


def submit(service: Service, **options: str) -> str:
    """Submit a job and split it into parts of four rows, none of them scored; its path."""
    service.fleet._processes = 1
    accepted = service.submit(CSV, **options)
    service.fleet._processes = 4
    step(service, 0)
    return str(accepted.location)


def step(service: Service, index: int) -> None:
    """Run one of the dispatched tasks."""
    task, *args = service.dispatch.messages[index]
    del service.dispatch.messages[index]
    getattr(service.pipeline, task)(*args)


def get(service: Service, url: str, **query: Any) -> Any:
    answer = service.client.get(f"{url}/results", query_string={"partial": "true", **query})
    assert answer.status_code == 200, answer.text
    return answer


def next_of(answer: Any) -> str | None:
    """The path of the next page, from the header `Link`; None if there is none."""
    found = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("Link", ""))
    return found[1] if found else None


@pytest.mark.parametrize("own_format", ["csv", "ndjson", "parquet"])
@how(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=15,
)
@given(seed=st.integers(0, 2**32))
def test_pages_while_parts_are_done_in_any_order(
    settings: Settings, own_format: str, seed: int
) -> None:
    """A client that follows the cursor gets every row once, in order, and knows the last page."""
    service, order = make_service(settings), random.Random(seed)  # noqa: S311  no secret
    url, rows, cursor, states = submit(service, format=own_format), [], "0", []
    while cursor is not None:
        for _ in range(order.randint(0, 4)):
            if service.dispatch.messages:
                step(service, order.randrange(len(service.dispatch.messages)))
        if not service.dispatch.messages:
            assert service.client.get(url).json["state"] == "succeeded"
        limit = order.randint(1, 9)
        answer = get(service, url, format="json", cursor=cursor, limit=limit)
        page = answer.json
        assert len(page["rows"]) <= limit
        if page["state"] == "running":
            # No row after the first part that is not done.
            done = service.store.outcome(url.rpartition("/")[2]).first_undone()
            assert len(rows) + len(page["rows"]) <= 4 * done
            assert page["next"] is not None
        assert (next_of(answer) is None) == (page["next"] is None)
        numbers = range(len(rows) + 1, len(rows) + len(page["rows"]) + 1)
        assert page["row_numbers"] == list(numbers)
        rows += page["rows"]
        cursor = page["next"]
        states.append(page["state"])
    assert [row["ref"] for row in rows] == REFS
    assert rows == service.client.get(f"{url}/results?format=json&limit=100").json["rows"]
    assert states[-1] == "succeeded"


@pytest.mark.parametrize("own_format", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("wanted", ["csv", "ndjson"])
def test_partial_files_that_are_appended_to_each_other(
    service: Service, own_format: str, wanted: str
) -> None:
    """Together they are the whole download, byte for byte; `Link` leads from each to the next."""
    url = submit(service, format=own_format)
    path: str | None = f"{url}/results?partial=true&format={wanted}"
    content, requests, headers = b"", 0, []
    while path:
        answer = service.client.get(path)
        assert answer.status_code == 200
        content += answer.data
        headers.append(answer.mimetype_params.get("header"))
        path = next_of(answer)
        assert ("Retry-After" in answer.headers) == (
            service.client.get(url).json["state"] == "running"
        )
        # The last tasks first, so that there are gaps.
        for _ in range(3):
            if service.dispatch.messages:
                step(service, len(service.dispatch.messages) - 1)
        requests += 1
    assert requests > 3
    assert content == service.client.get(f"{url}/results?format={wanted}").data
    if wanted == "csv":
        assert headers == ["present", *["absent"] * (requests - 1)]


def test_a_cursor_within_a_part(service: Service) -> None:
    """A file can begin where a page ended, within a part; a cursor after the end gets no rows."""
    url = submit(service)
    service.work()
    page = get(service, url, format="json", limit=6).json
    assert page["next"] == "6"
    rest = get(service, url, format="ndjson", cursor="6").text.splitlines()
    assert [json.loads(line)["ref"] for line in rest] == REFS[6:]
    assert get(service, url, format="csv", cursor="6").text.startswith("r6,")
    beyond = get(service, url, format="json", cursor="1000")
    assert (beyond.json["rows"], beyond.json["next"]) == ([], None)


def test_a_cancelled_job_keeps_what_was_done(service: Service) -> None:
    """The rows of every part that was done can be read, in order, and no others."""
    url = submit(service)
    for _ in range(2):
        step(service, 0)
    first = get(service, url, format="json").json
    step(service, 1)  # a later part, which leaves a gap
    service.client.post(f"{url}/cancel")
    service.work()
    rest = get(service, url, format="json", cursor=first["next"])
    done = service.store.outcome(url.rpartition("/")[2]).done_parts()
    assert done[:2] == [0, 1]
    assert len(done) == 3
    assert done[2] > 2
    numbers = [4 * part + row + 1 for part in done for row in range(4)]
    assert first["row_numbers"] + rest.json["row_numbers"] == numbers
    expected = [f"r{4 * part + row}" for part in done for row in range(4)]
    assert [row["ref"] for row in [*first["rows"], *rest.json["rows"]]] == expected
    assert (rest.json["state"], rest.json["next"]) == ("cancelled", None)
    assert "Link" not in rest.headers
    lines = get(service, url, format="ndjson").text.splitlines()
    assert [json.loads(line)["ref"] for line in lines] == expected
    refused = service.client.get(f"{url}/results")
    assert (refused.status_code, refused.json["type"][-10:]) == (409, "no-results")


def test_a_failed_job_keeps_what_was_done(service: Service) -> None:
    """A file with a broken end fails; the rows of the parts that were done can be read."""
    content = CSV + b'r,"never closed' + b" " * 2**21
    url = service.submit(content).location
    service.work()
    page = get(service, url, format="json").json
    assert (page["state"], page["next"]) == ("failed", None)
    assert [row["ref"] for row in page["rows"]] == REFS[: len(page["rows"])]


def test_before_anything_is_done(service: Service) -> None:
    """The answer has no rows, the first cursor, and a `Retry-After`."""
    url = service.submit(CSV).location
    answer = get(service, url, format="json")
    assert answer.json == {"rows": [], "row_numbers": [], "state": "queued", "next": "0"}
    assert int(answer.headers["Retry-After"]) >= 1
    text = get(service, url)
    assert text.text == "ref,Sentiment_Score,error\n"
    assert next_of(text) == f"{url}/results?partial=true&cursor=0"
    assert get(service, url, cursor="0").text == ""


def test_a_small_job(service: Service) -> None:
    """A small job has no rows until it is done, and then all of them."""
    url = service.client.post("/jobs", json={"text": ["abc", ""]}).location
    assert get(service, url, format="json").json == {
        "rows": [],
        "row_numbers": [],
        "state": "queued",
        "next": "0",
    }
    service.work()
    page = get(service, url, format="json", limit=1).json
    assert page["rows"] == [{"ref": "1", "Sentiment_Score": length_score("abc"), "error": None}]
    assert page["next"] == "1"
    page = get(service, url, format="json", cursor="1").json
    assert [row["error"] for row in page["rows"]] == ["the text is empty"]
    assert page["next"] is None


def test_invalid_parameters(service: Service) -> None:
    """A wrong cursor, flag or limit gets a 400; so does Parquet, which has no partial results."""
    url = submit(service)
    for query in ({"cursor": "x"}, {"partial": "yes"}, {"format": "parquet"}, {"limit": "-1"}):
        answer = service.client.get(f"{url}/results", query_string={"partial": "true", **query})
        assert (answer.status_code, answer.json["type"][-10:]) == (400, "bad-option"), query
    only = {"Accept": "application/vnd.apache.parquet"}
    assert service.client.get(f"{url}/results?partial=true", headers=only).status_code == 406
    assert service.client.get(f"{url}/results?partial=false").status_code == 409
