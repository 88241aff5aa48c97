"""The list of jobs: filters, and pages that stay the same while jobs come and go."""

from typing import Any

import pytest
from support.doubles.job_store import InMemoryJobStore
from support.doubles.length_model import LengthModel
from support.in_memory import Service
from support.problems import problem

from api.jobs import search
from shared.fleet import Served
from shared.jobs.job import Job
from shared.jobs.job_ids import made_at, new_job_id
from shared.jobs.second_model import SecondModel
from shared.jobs.spec import Spec
from shared.jobs.state import State
from shared.signature import SENTIMENT
from shared.tables.layouts import NDJSON as LAYOUT

#: When the first job was made, 2026-01-01T00:00:00Z; another one follows every minute.
START = 1767225600.0


def put(store: InMemoryJobStore, at: float, state: State = State.QUEUED, **spec: Any) -> str:
    about: dict[str, Any] = {
        "model": "length",
        "version": "000000000001",
        "kind": "bulk",
        "layout": LAYOUT,
        "size": 1,
    } | spec
    job = Job(spec=Spec(id=new_job_id(at), **about), created_at=at)
    store.create(job)
    if state is not State.QUEUED:
        store.move(job.spec.id, State.RUNNING)
    if state not in (State.QUEUED, State.RUNNING):
        store.move(job.spec.id, state)
    return job.spec.id


@pytest.fixture
def ids(service: Service) -> list[str]:
    """Make ten jobs, the oldest first, in five states, of two teams, the last of another model."""
    states = [State.QUEUED, State.RUNNING, State.SUCCEEDED, State.FAILED, State.CANCELLED] * 2
    return [
        put(
            service.store,
            START + 60 * at,
            state,
            labels={"team": "ab"[at % 2], "run": str(at)},
            model="other" if at == 9 else "length",
        )
        for at, state in enumerate(states)
    ]


def numbers(service: Service, ids: list[str], query: str) -> list[int]:
    answer = service.client.get(f"/jobs?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json["next"] is None
    return [ids.index(job["id"]) for job in answer.json["jobs"]]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("state=failed", [8, 3]),
        ("state=queued,running", [6, 5, 1, 0]),
        ("label=team:a", [8, 6, 4, 2, 0]),
        ("label=team:a&label=run:4", [4]),
        ("label=team:c", []),
        ("model=other", [9]),
        ("model=length@000000000001&state=cancelled", [4]),
        ("model=length@0000&state=cancelled", [4]),
        ("model=length@000000000002", []),
        ("model=length@00AB", []),
        ("created_after=2026-01-01T00:06:00Z", [9, 8, 7]),
        ("created_before=2026-01-01T00:02:00Z", [1, 0]),
        ("created_before=2026-01-01T00:02:00.0001Z", [2, 1, 0]),
        ("created_after=2026-01-01T01:01:00%2B01:00&created_before=2026-01-01T00:04:00Z", [3, 2]),
        ("created_after=2026-01-01T01:07:00+01:00", [9, 8]),
        ("created_after=1901-01-01T00:00:00Z&state=failed&label=team:b", [3]),
        ("created_before=1901-01-01T00:00:00Z", []),
        ("created_after=9999-12-31T23:59:59Z", []),
    ],
)
def test_filters(service: Service, ids: list[str], query: str, wanted: list[int]) -> None:
    """A job is listed if it meets all conditions, the newest first."""
    assert numbers(service, ids, query) == wanted


def test_jobs_of_a_model_by_an_alias(service: Service) -> None:
    """As everywhere else; a job of two models is one of each, and an alias that moves is followed.

    A version that nobody has any more is found by its digits.
    """
    old, new = (f"00000000000{number}" for number in "19")
    service.fleet.announce("node", [Served(card=LengthModel(version=new).card, rate=1)])
    second = SecondModel(name="length", version=new, suffix="@new", signature=SENTIMENT)
    ids = [
        put(service.store, START, version=old),
        put(service.store, START + 60, version=new),
        put(service.store, START + 120, version="0000000000ff"),
        put(service.store, START + 180, model="other", second=second),
    ]
    champion = "/models/length/aliases/champion"
    service.client.put(champion, query_string={"version": old})
    assert numbers(service, ids, "model=length@champion") == [0]
    assert numbers(service, ids, "model=length") == [3, 2, 1, 0]
    service.client.put(champion, query_string={"version": new})
    assert numbers(service, ids, "model=length@champion") == [3, 1]
    assert numbers(service, ids, f"model=length@{new[:-1]}") == [3, 1, 0]
    assert numbers(service, ids, "model=length@0000000000ff") == [2]
    assert numbers(service, ids, "model=other") == [3]
    detail = problem(service.client.get("/jobs?model=length@challenger"), 400, "bad-option")
    assert "an alias of the model (champion)" in detail


def pages(service: Service, query: str) -> list[list[str]]:
    found, cursor = [], ""
    while True:
        page = service.client.get(f"/jobs?{query}{cursor}").json
        found.append([job["id"] for job in page["jobs"]])
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 10, 11])
@pytest.mark.parametrize("query", ["", "state=failed", "label=team:a"])
def test_pages_have_everything_once(service: Service, query: str, limit: int) -> None:
    """With any length of a page; each page but the last is full."""
    [every] = pages(service, query)
    found = pages(service, f"{query}&limit={limit}")
    assert [one for page in found for one in page] == every
    assert {len(page) for page in found[:-1]} <= {limit}


def test_jobs_that_come_and_go_move_no_other(service: Service, ids: list[str]) -> None:
    """Between two pages, also if the job that the cursor names is gone."""
    page = service.client.get("/jobs?limit=4").json
    put(service.store, START + 6000)
    service.store.delete(page["next"])
    service.store.delete(ids[4])
    rest = service.client.get(f"/jobs?limit=100&cursor={page['next']}").json
    assert [job["id"] for job in rest["jobs"]] == [ids[at] for at in (5, 3, 2, 1, 0)]


def test_the_cost_of_a_page_is_limited(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If few of many jobs match, a page ends early, and the next one continues after it."""
    monkeypatch.setattr(search, "MOST_READ", 3)
    monkeypatch.setattr(search, "_AT_ONCE", 2)
    found = pages(service, "state=queued")
    assert [one for page in found for one in page] == [ids[5], ids[0]]
    assert [] in found
    assert len(found) <= 4


@pytest.mark.parametrize(
    "query",
    [
        "state=expired",
        "state=",
        "state=failed,",
        "label=team",
        "limit=x",
        "limit=0",
        "cursor=zz",
        "created_after=2026-01-01",
        "created_after=2026-01-01T00:00:00",
        "created_before=yesterday",
        "created_before=2026-13-01T00:00:00Z",
        "state=failed&state=queued",
    ],
)
def test_malformed_filters(service: Service, query: str) -> None:
    """The error says what the value may be."""
    problem(service.client.get(f"/jobs?{query}"), 400, "bad-option")


def test_an_unknown_filter(service: Service) -> None:
    """A typing mistake must not list everything."""
    detail = problem(service.client.get("/jobs?status=failed"), 400, "unknown-option")
    assert "state, label, model" in detail


def test_a_job_is_as_old_as_its_id(service: Service) -> None:
    """So the list by ids is a list by times."""
    job = service.submit(b"text\na\n").json
    assert service.store.get(job["id"]).created_at == made_at(job["id"])
