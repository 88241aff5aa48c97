"""`/jobs/<id>/errors`: the rows with an error, read from the parts that hold them alone."""

import csv
import io
import json
from typing import Any

import pytest
from support.in_memory import Service

from api.results import available
from shared.jobs.outcome import Outcome

BAD = {3: "", 4: " ", 17: "", 30: "raise", 42: "x" * 600}
ROWS = [(f'=r"{row}', BAD.get(row, "good")) for row in range(43)]


def upload(rows: list[tuple[str, str]] = ROWS) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("ref", "text"), *rows])
    return text.getvalue().encode()


def submit(service: Service, **options: str) -> str:
    url = service.submit(upload(), **options).location
    service.work()
    return str(url)


def get(service: Service, url: str, **query: Any) -> Any:
    answer = service.client.get(f"{url}/errors", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer


def expected(service: Service, url: str) -> list[dict[str, Any]]:
    rows = service.client.get(f"{url}/results?format=json&limit=100").json["rows"]
    found = [
        {"row": number, "ref": row["ref"], "error": row["error"]}
        for number, row in enumerate(rows, 1)
        if row["error"]
    ]
    assert [one["row"] for one in found] == [row + 1 for row in BAD]
    return found


@pytest.mark.parametrize("own_format", ["csv", "ndjson", "parquet"])
def test_the_rows_with_an_error(service: Service, own_format: str) -> None:
    """Each has its number (from 1), ref and error, in pages of JSON and in files."""
    url = submit(service, format=own_format)
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
    # A ref that looks like a formula is escaped, as in the results.
    assert rows == [[str(one["row"]), "'" + one["ref"], one["error"]] for one in wanted]
    name = f"{url.rpartition('/')[2]}-errors.csv"
    assert answer.headers["Content-Disposition"].endswith(f'-{name}"')


def test_parts_without_an_error_are_not_read(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the parts with errors are read, five of eleven, and at most `MAX_PARTS` for one page."""
    url = submit(service)
    wanted, read, blobs_read = expected(service, url), [], service.blobs.read

    def reading(key: str, *position: int) -> bytes:
        read.append(key)
        return blobs_read(key, *position)

    monkeypatch.setattr(service.blobs, "read", reading)
    assert get(service, url).json["errors"] == wanted
    assert [int(key[-10:-4]) for key in read] == [0, 1, 4, 7, 10]
    monkeypatch.setattr(available, "MAX_PARTS", 2)
    found, cursor, pages = [], "0", 0
    while cursor is not None:
        read.clear()
        page = get(service, url, cursor=cursor).json
        assert len(read) <= 2
        found += page["errors"]
        cursor, pages = page["next"], pages + 1
    assert (found, pages) == (wanted, 3)


def test_while_the_job_runs(service: Service) -> None:
    """With `partial` the errors of the parts that are done can be read; without it, a 409."""
    url = service.submit(upload()).location
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
    """With `partial` the errors of the parts that were done can be read; without it, a 409."""
    url = service.submit(upload()).location
    for _ in range(2):
        service.step()
    service.client.post(f"{url}/cancel")
    assert service.client.get(f"{url}/errors").status_code == 409
    page = get(service, url, partial="true").json
    assert [one["row"] for one in page["errors"]] == [4]
    assert (page["state"], page["next"]) == ("cancelled", None)


def test_of_a_small_job_and_of_a_good_one(service: Service) -> None:
    """A small job reads its rows from its record; a job without errors has an empty list."""
    url = service.client.post("/jobs", json={"text": ["a", "", None]}).location
    service.work()
    assert [one["row"] for one in get(service, url).json["errors"]] == [2, 3]
    url = service.submit(upload([("1", "good")])).location
    service.work()
    assert get(service, url).json == {"errors": [], "state": "succeeded", "next": None}
    assert get(service, url, format="csv").text == "row,ref,error\n"


def test_a_job_without_a_summary(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """If an earlier release scored some parts, which ones have errors is unknown: all are read."""
    url = submit(service)
    done = service.store.outcome(url.rpartition("/")[2]).done
    monkeypatch.setattr(service.store, "outcome", lambda _: Outcome(done=done))
    assert get(service, url).json["errors"] == expected(service, url)


def test_a_format_without_errors_is_refused(service: Service) -> None:
    """There are no errors as Parquet."""
    url = submit(service)
    assert service.client.get(f"{url}/errors?format=parquet").status_code == 400
    only = {"Accept": "application/vnd.apache.parquet"}
    assert service.client.get(f"{url}/errors", headers=only).status_code == 406
