"""The rows without a score can be had by themselves, from a look at their parts alone."""

import csv
import io
import json
from typing import Any

import pytest
from support.in_memory import Service

from api.results import available as ready_module
from shared.jobs.outcome import Outcome

BAD = {3: "", 4: " ", 17: "", 30: "raise", 42: "x" * 600}
ROWS = [(f'=r"{row}', BAD.get(row, "good")) for row in range(43)]


def sent(rows: list[tuple[str, str]] = ROWS) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("ref", "text"), *rows])
    return text.getvalue().encode()


def submit(service: Service, **options: str) -> str:
    url = service.submit(sent(), **options).location
    service.work()
    return str(url)


def get(service: Service, url: str, **query: Any) -> Any:
    answer = service.client.get(f"{url}/errors", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer


def expected(service: Service, url: str) -> list[dict[str, Any]]:
    rows = service.client.get(f"{url}/results?format=json&limit=100").json["rows"]
    found = [
        {"row": at, "ref": row["ref"], "error": row["error"]}
        for at, row in enumerate(rows, 1)
        if row["error"]
    ]
    assert [one["row"] for one in found] == [at + 1 for at in BAD]
    return found


@pytest.mark.parametrize("kept", ["csv", "ndjson", "parquet"])
def test_the_rows_with_an_error(service: Service, kept: str) -> None:
    """With their numbers from 1, refs and errors, a page at a time or as a file."""
    url = submit(service, format=kept)
    wanted = expected(service, url)
    page = get(service, url).json
    assert page == {"errors": wanted, "state": "succeeded", "next": None}
    for limit in (1, 2, 3, 5):
        found, cursor = [], "0"
        while cursor is not None:
            page = get(service, url, limit=limit, cursor=cursor).json
            assert len(page["errors"]) <= limit
            found += page["errors"]
            cursor = page["next"]
        assert found == wanted
    lines = get(service, url, format="ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == wanted
    answer = get(service, url, format="csv")
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == ["row", "ref", "error"]
    # Safe for a spreadsheet, as the results are.
    assert rows == [[str(one["row"]), "'" + one["ref"], one["error"]] for one in wanted]
    name = f"{url.rpartition('/')[2]}-errors.csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_parts_without_an_error_are_not_read(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four of eleven parts hold one: no other is looked at; and not too many for one page."""
    url = submit(service)
    wanted, read, blobs_read = expected(service, url), [], service.blobs.read

    def reading(key: str, *where: int) -> bytes:
        read.append(key)
        return blobs_read(key, *where)

    monkeypatch.setattr(service.blobs, "read", reading)
    assert get(service, url).json["errors"] == wanted
    assert [int(key[-10:-4]) for key in read] == [0, 1, 4, 7, 10]
    monkeypatch.setattr(ready_module, "MAX_PARTS", 2)
    found, cursor, pages = [], "0", 0
    while cursor is not None:
        read.clear()
        page = get(service, url, cursor=cursor).json
        assert len(read) <= 2
        found += page["errors"]
        cursor, pages = page["next"], pages + 1
    assert (found, pages) == (wanted, 3)


def test_while_the_job_runs(service: Service) -> None:
    """Of the parts that are done, if that is asked for; who does not ask is told to wait."""
    url = service.submit(sent()).location
    refused = service.client.get(f"{url}/errors")
    assert (refused.status_code, refused.json["type"][-16:]) == (409, "job-not-finished")
    found, cursor = [], "0"
    while cursor is not None:
        page = get(service, url, partial="true", cursor=cursor).json
        found += page["errors"]
        cursor = page["next"]
        if service.dispatch.messages:
            service.step()
    assert found == expected(service, url)


def test_of_a_cancelled_job(service: Service) -> None:
    """What was done of it, if that is asked for."""
    url = service.submit(sent()).location
    for _ in range(2):
        service.step()
    service.client.post(f"{url}/cancel")
    assert service.client.get(f"{url}/errors").status_code == 409
    page = get(service, url, partial="true").json
    assert [one["row"] for one in page["errors"]] == [4]
    assert (page["state"], page["next"]) == ("cancelled", None)


def test_of_a_small_job_and_of_a_good_one(service: Service) -> None:
    """One has all rows in its record; the other nothing to say."""
    url = service.client.post("/jobs", json={"text": ["a", "", None]}).location
    service.work()
    assert [one["row"] for one in get(service, url).json["errors"]] == [2, 3]
    url = service.submit(sent([("1", "good")])).location
    service.work()
    assert get(service, url).json == {"errors": [], "state": "succeeded", "next": None}
    assert get(service, url, format="csv").text == "row,ref,error\n"


def test_a_job_whose_errors_nobody_noted(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an earlier release did some of its parts, all are looked through."""
    url = submit(service)
    done = service.store.outcome(url.rpartition("/")[2]).done
    monkeypatch.setattr(service.store, "outcome", lambda _: Outcome(done=done))
    assert get(service, url).json["errors"] == expected(service, url)


def test_what_cannot_be_asked_for(service: Service) -> None:
    """A format that errors do not come in is refused."""
    url = submit(service)
    assert service.client.get(f"{url}/errors?format=parquet").status_code == 400
    only = {"Accept": "application/vnd.apache.parquet"}
    assert service.client.get(f"{url}/errors", headers=only).status_code == 406
