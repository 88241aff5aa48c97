"""`ref` and `ref_contains`: the rows of a job with a ref; `kind`: those with a kind of error."""

import csv
import io
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st
from support.damage import cut
from support.in_memory import Service, make_service
from support.problems import problem

from api.results import found_rows, row_search
from shared.config.settings import Settings

#: Refs that look alike, and refs that CSV or JSON writes in another way than they are.
REFS = [
    *("r1", "r11", "R1", "1", "=r1", "'=r1", 'a"b', '"', "a,b", "line\nend", "é", "\u2028", ""),
    *("\\", "back\\slash", "tab\there", "\x7f", "🎉", "r1,0", '{"ref":"r1",', "r1"),
]


def upload(refs: list[str], text: str = "good") -> bytes:
    content = io.StringIO()
    rows = [("ref", "text", "row"), *((ref, text, f"r1 {ref}") for ref in refs)]
    csv.writer(content, lineterminator="\n").writerows(rows)
    return content.getvalue().encode()


def done(service: Service, content: bytes, **options: str) -> str:
    """Run a job; its address."""
    accepted = service.submit(content, **options)
    service.work()
    return str(accepted.location)


def found(service: Service, url: str, path: str = "results", **query: Any) -> list[Any]:
    """All that a search finds, by pages: of each row its number, and the row."""
    pairs: list[Any] = []
    cursor: str | None = "0"
    while cursor is not None:
        answer = service.client.get(f"{url}/{path}", query_string={**query, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json
        assert page["next"] is None or int(page["next"]) > int(cursor)
        assert ("Link" in answer.headers) == (page["next"] is not None)
        if path == "results":
            assert len(page["rows"]) <= int(query.get("limit", 1000))
            pairs += zip(page["row_numbers"], page["rows"], strict=True)
        else:
            pairs += [(row["row"], row) for row in page["errors"]]
        cursor = page["next"]
    return pairs


def wanted(service: Service, url: str, is_wanted: Any) -> list[Any]:
    rows = service.client.get(f"{url}/results?format=json&limit=10000").json["rows"]
    return [(at, row) for at, row in enumerate(rows, 1) if is_wanted(row)]


@pytest.mark.parametrize("own_format", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("partial", ["true", "false"])
def test_rows_with_a_ref(service: Service, own_format: str, partial: str) -> None:
    """Each row with exactly this ref is found, with its number, and no other, in every format."""
    url = done(service, upload(REFS), format=own_format, columns="row")
    for ref in [*REFS, "r", "r1 ", "never"]:
        pairs = found(service, url, ref=ref, limit=1, partial=partial)
        assert pairs == wanted(service, url, lambda row, ref=ref: row["ref"] == ref)
        assert (pairs == []) == (ref not in REFS)


@pytest.mark.parametrize("own_format", ["csv", "ndjson"])
@how(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=25,
)
@given(
    refs=st.lists(st.text(st.sampled_from("ab1\"'=,\\\n\té🎉 "), max_size=4), min_size=1),
    text=st.text(st.sampled_from("ab1\"'=,\\\n\té🎉 "), min_size=1, max_size=2),
    seed=st.integers(0, 2**32),
)
def test_rows_whose_ref_has_a_text(
    settings: Settings, own_format: str, refs: list[str], text: str, seed: int
) -> None:
    """Each row whose ref has the text in it is found, and no other, by pages of any length."""
    service = make_service(settings)
    url = done(service, upload([*refs, *REFS]), format=own_format, columns="row")
    limit = random.Random(seed).randint(1, 5)  # noqa: S311  no secret
    pairs = found(service, url, ref_contains=text, limit=limit)
    assert pairs == wanted(service, url, lambda row: text in row["ref"])


def test_a_carried_column_called_row_stays(service: Service) -> None:
    """The numbers of the rows are beside the rows, so they hide no column."""
    url = done(service, upload(["a", "b"]), columns="row")
    [(number, row)] = found(service, url, ref="b")
    assert (number, row["row"]) == (2, "r1 b")


def test_a_request_reads_a_bounded_amount(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page may then be empty, and leads on; following it finds every row."""
    url = done(service, upload([f"r{at}" for at in range(43)]))
    monkeypatch.setattr(found_rows, "SEARCH_BYTES", 1)
    page = service.client.get(f"{url}/results?ref=r42").json
    assert (page["rows"], page["row_numbers"], page["next"]) == ([], [], "4")
    assert [number for number, _ in found(service, url, ref="r42")] == [43]


def test_a_page_of_long_rows_ends_early(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is bounded too; every row comes on some page."""
    url = done(service, upload([f"r{at}" for at in range(9)]), columns="row")
    monkeypatch.setattr(found_rows, "PAGE_BYTES", 1)
    page = service.client.get(f"{url}/results?ref_contains=r").json
    assert (page["row_numbers"], page["next"]) == ([1], "1")
    assert [number for number, _ in found(service, url, ref_contains="r")] == list(range(1, 10))


def test_rows_are_parsed_some_at_a_time(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever these runs of a part begin, each row is found once, with its number."""
    url = done(service, upload([f"r{at}" for at in range(43)]))
    for size in (1, 2, 3):
        monkeypatch.setattr(row_search, "ROWS_AT_ONCE", size)
        pairs = found(service, url, ref_contains="2", limit=3)
        assert pairs == wanted(service, url, lambda row: "2" in row["ref"])


def test_while_the_job_runs(service: Service) -> None:
    """With `partial` the rows that are done are searched; `next` then leads to those to come."""
    url = service.submit(upload([f"r{at}" for at in range(43)])).location
    problem(service.client.get(f"{url}/results?ref=r42"), 409, "job-not-finished")
    service.step()
    while service.client.get(url).json["rows"]["completed"] == 0:
        service.step()
    answer = service.client.get(f"{url}/results?partial=true&ref=r42&limit=5")
    assert answer.json["rows"] == []
    assert answer.json["state"] == "running"
    assert "Retry-After" in answer.headers
    assert f"cursor={answer.json['next']}>" in answer.headers["Link"]
    service.work()
    query = {"partial": "true", "ref": "r42", "cursor": answer.json["next"]}
    page = service.client.get(f"{url}/results", query_string=query).json
    assert (page["row_numbers"], page["next"]) == ([43], None)


def test_a_small_job(service: Service) -> None:
    """A job of a few rows, whose results are in its record, is searched too."""
    rows = {"ref": [7, "b", "7"], "text": ["x", "y", "z"]}
    accepted = service.client.post("/jobs", json=rows)
    service.work()
    assert [number for number, _ in found(service, accepted.location, ref="7")] == [1, 3]


def test_rows_lost_with_the_disk(settings: Settings) -> None:
    """Their refs are lost, so a search reports the damage, or with `partial` finds these rows."""
    service = make_service(settings, sealed=True)
    url = done(service, upload([f"r{at}" for at in range(20)]))
    job_id = url.rpartition("/")[2]
    [part] = service.store.parts(job_id, 2, 3)
    cut(service.blobs, service.store.get(job_id).spec.result_key(2))
    problem(service.client.get(f"{url}/results?ref=r19"), 500, "results-damaged")
    pairs = found(service, url, ref="r19", partial="true")
    lost = list(range(part.first_row + 1, part.first_row + part.rows + 1))
    assert [number for number, _ in pairs] == [*lost, 20]
    assert all("was damaged on the disk" in row["error"] for _, row in pairs[:-1])
    errors = found(service, url, "errors", ref="r19")
    assert [number for number, _ in errors] == lost
    assert found(service, url, "errors", kind="damaged") == errors
    assert found(service, url, "errors", kind="empty") == []


@pytest.mark.parametrize("own_format", ["csv", "ndjson"])
def test_errors_by_kind_and_ref(service: Service, own_format: str) -> None:
    """Pages and files of the rows with an error hold those that are wanted alone."""
    content = b"ref,text\n"
    content += b"".join(b"r%d,%s\n" % (at, (b"", b"raise", b"ok")[at % 3]) for at in range(30))
    url = done(service, content, format=own_format)
    errors = found(service, url, "errors")
    kinds = {row["error"]: row["row"] for _, row in errors}
    assert len(kinds) == 2
    empty = found(service, url, "errors", kind="empty", limit=2)
    assert empty == [one for one in errors if one[1]["error"] == "the text is empty"]
    assert 0 < len(empty) < len(errors)
    assert [number for number, _ in found(service, url, "errors", ref="r1")] == [2]
    both = found(service, url, "errors", ref_contains="2", kind="empty")
    assert both == [one for one in empty if "2" in one[1]["ref"]]
    text = service.client.get(f"{url}/errors?format=csv&ref=r1").text
    assert text.startswith("row,ref,error\n2,r1,")
    assert text.count("\n") == 2


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("ref=a&ref=b", "it has two values"),
        ("ref=a&ref_contains=b", "give either"),
        ("ref_contains=", "it has no value"),
        ("ref=a&format=csv", "one of json"),
        ("ref=a&offset=3", "continues at cursor"),
        ("ref=a&cursor=-1", "a number from 0"),
    ],
)
def test_searches_that_are_refused(service: Service, query: str, reason: str) -> None:
    """The message says what to write."""
    url = done(service, upload(["a"]))
    answer = service.client.get(f"{url}/results?{query}")
    assert reason in problem(answer, 400, "bad-option")


def test_a_search_is_json_alone(service: Service) -> None:
    """`Accept` cannot ask for a file of what a search finds, and an error has a known kind."""
    url = done(service, upload(["a"]))
    answer = service.client.get(f"{url}/results?ref=a", headers={"Accept": "text/csv"})
    problem(answer, 406, "not-acceptable")
    answer = service.client.get(f"{url}/errors?kind=odd")
    assert "empty" in problem(answer, 400, "bad-option")
