"""Results whose carried cells are long, so that few rows take much memory."""

import json
from collections import Counter

import pytest
from support.in_memory import Service, make_service

from api.results.pages import PAGE_BYTES
from shared.config.settings import Settings

ROWS, CELL = 60, 200_000


@pytest.fixture
def service() -> Service:
    return make_service(Settings(default_model="length"))


def submit(service: Service) -> str:
    """A job whose carried cells are long, and done."""
    lines = b"".join(
        json.dumps({"ref": f"r{at}", "text": "good", "more": f"{at}" + "y" * CELL}).encode() + b"\n"
        for at in range(ROWS)
    )
    answer = service.client.post(
        "/jobs?columns=more", data=lines, content_type="application/x-ndjson"
    )
    service.work()
    return str(answer.headers["Location"])


def test_a_page_of_long_rows_is_shorter(service: Service) -> None:
    """It ends after some megabytes and names the next one; all pages have every row once."""
    url = submit(service)
    for query, cursor, key in (
        ("format=json", "offset", "next_offset"),
        ("format=json&partial=true", "cursor", "next"),
    ):
        refs: Counter[str] = Counter()
        at, pages = "0", 0
        while at != "None":
            answer = service.client.get(
                f"{url}/results?{query}&limit=10000&{cursor}={at}",
            )
            assert len(answer.data) < 2 * PAGE_BYTES
            refs.update(row["ref"] for row in answer.json["rows"])
            at, pages = str(answer.json[key]), pages + 1
        assert refs == Counter(f"r{at}" for at in range(ROWS))
        assert pages > 2


def test_a_row_longer_than_a_page(service: Service) -> None:
    """A page has one row at least."""
    line = json.dumps({"text": "good", "more": "y" * (PAGE_BYTES + 1000)}).encode() + b"\n"
    answer = service.client.post(
        "/jobs?columns=more", data=line * 3, content_type="application/x-ndjson"
    )
    service.work()
    url = answer.headers["Location"] + "/results?format=json"
    found = [service.client.get(f"{url}&offset={at}").json for at in range(3)]
    assert [len(page["rows"]) for page in found] == [1, 1, 1]
    assert [page["next_offset"] for page in found] == [1, 2, None]


def test_long_rows_in_every_format(service: Service) -> None:
    """Whole files have every row, however many pieces they are sent in."""
    url = submit(service)
    csv = service.client.get(f"{url}/results?format=csv")
    assert csv.data.count(b"\n") == ROWS + 1
    middle = service.client.get(
        f"{url}/results?format=csv", headers={"Range": "bytes=3000000-9000000"}
    )
    assert (middle.status_code, middle.data) == (206, csv.data[3_000_000:9_000_001])
    ndjson = service.client.get(f"{url}/results?format=ndjson").data.splitlines()
    assert [json.loads(line)["ref"] for line in ndjson] == [f"r{at}" for at in range(ROWS)]
