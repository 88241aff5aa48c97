"""`GET /usage`: who sees what, by what it is summed up, and what is counted."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from support.in_memory import Service, make_service
from support.owners import ALICE, BOB, READER, ROOT, SENDER, Owner
from support.problems import problem

from api.security.keys import parse_keys
from shared.config.settings import Settings
from shared.jobs.usage import Used, today

CSV = b"ref,text\n1,well\n2,\n3,fine\n"

#: The bytes of its rows.
ROW_BYTES = len(CSV) - len(b"ref,text\n")


@pytest.fixture
def keyed(settings: Settings) -> Service:
    """The service in memory, which needs keys."""
    lines = ";".join(one.line for one in (ALICE, BOB, ROOT, READER, SENDER))
    return make_service(settings.model_copy(update={"api_keys": SecretStr(lines)}))


def key_id(owner: Owner) -> str:
    [key] = parse_keys(owner.line)
    return key.id


def send(service: Service, owner: Owner, **query: Any) -> Any:
    """Submit three rows, one of which has an error, and score them."""
    answer = service.client.post(
        "/jobs", data=CSV, content_type="text/csv", query_string=query, headers=owner.headers
    )
    assert answer.status_code == 202, answer.text
    service.work()
    return answer


def usage(service: Service, client: Owner, **query: str) -> Any:
    answer = service.client.get("/usage", query_string=query, headers=client.headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_an_owner_sees_the_own_usage(keyed: Service) -> None:
    """An owner sees the own rows, errors and bytes by key; an admin sees those of everybody."""
    send(keyed, ALICE)
    send(keyed, SENDER)
    send(keyed, BOB)
    found = usage(keyed, READER, by="key")
    assert {one["key"] for one in found["usage"]} == {key_id(ALICE), key_id(SENDER)}
    for one in found["usage"]:
        assert (one["rows"], one["errors"], one["bytes"]) == (3, 1, ROW_BYTES)
        assert one["scoring_seconds"] > 0
    assert found["total"]["rows"] == 6
    everybody = usage(keyed, ROOT, by="owner")
    assert [(one["owner"], one["rows"]) for one in everybody["usage"]] == [("alice", 6), ("bob", 3)]
    assert usage(keyed, ROOT, owner="bob")["total"]["rows"] == 3


def test_another_owner_needs_an_admin(keyed: Service) -> None:
    """The usage of another owner needs the scope admin; any usage needs the scope read."""
    answer = keyed.client.get("/usage?owner=bob", headers=ALICE.headers)
    problem(answer, 403, "wrong-scope")
    problem(keyed.client.get("/usage", headers=SENDER.headers), 403, "wrong-scope")


def test_it_stays_when_the_job_is_deleted(keyed: Service) -> None:
    """A deleted job is still counted."""
    job = send(keyed, ALICE)
    keyed.client.delete(job.location, headers=ALICE.headers)
    assert usage(keyed, ALICE)["total"]["rows"] == 3


def test_everything_that_scores_is_counted(keyed: Service) -> None:
    """A file, a small job, questions in each protocol: each row counts once, for its key."""
    keyed.answer_at_once()
    send(keyed, ALICE)
    rows = [{"text": "well"}, {"text": ""}]
    for path, body in (
        ("/jobs", rows),
        ("/sentiment", rows),
        ("/score", rows),
        ("/invocations?errors=rows", {"dataframe_records": rows}),
    ):
        answer = keyed.client.post(path, json=body, headers=ALICE.headers)
        assert answer.status_code in (200, 202), answer.text
    keyed.work()
    [line] = usage(keyed, ALICE, by="owner,key,model")["usage"]
    assert (line["owner"], line["key"]) == ("alice", key_id(ALICE))
    assert line["model"] == keyed.model.card.full_name
    assert (line["rows"], line["errors"]) == (3 + 4 * 2, 1 + 4)


def test_by_label(keyed: Service) -> None:
    """A job counts under each of its labels, and the answer says that lines may overlap."""
    send(keyed, ALICE, label=["team:growth", "run:1"])
    send(keyed, ALICE, label=["team:growth"])
    send(keyed, ALICE)
    found = usage(keyed, ALICE, by="label")
    lines = [(one["label"], one["value"], one["rows"]) for one in found["usage"]]
    assert lines == [("run", "1", 3), ("team", "growth", 6)]
    assert found["total"]["rows"] == 9
    assert "several labels" in found["notes"][0]


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("by=hour", "some of day, owner, key, model, label"),
        ("by=day,day", "some of"),
        ("by=label,key", "not by key or model"),
        ("from=yesterday", "2026-11-30"),
        ("from=2026-02-02&to=2026-02-01", "after the last day"),
        ("from=1000-01-01", "at most 4,000 days"),
        ("until=2026-01-01", "until"),
        ("owner=a%20b", "the name of an owner"),
        ("by=day&by=key", "two values"),
    ],
)
def test_a_query_that_cannot_be_answered(service: Service, query: str, what: str) -> None:
    """The error says what is possible."""
    answer = service.client.get(f"/usage?{query}")
    assert answer.status_code == 400
    assert what in answer.json["detail"]


def test_as_csv(keyed: Service) -> None:
    """As CSV each line has the columns of `by` and the figures; a formula is no formula in it."""
    send(keyed, ALICE, label=["team:=1+1"])
    answer = keyed.client.get("/usage?by=label&format=csv&bom=true", headers=ALICE.headers)
    assert answer.mimetype == "text/csv"
    [row] = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    seconds = float(row.pop("scoring_seconds"))
    assert seconds > 0
    assert row == {
        "label": "team",
        "value": "'=1+1",
        "rows": "3",
        "errors": "1",
        "bytes": str(ROW_BYTES),
    }


def test_many_days(service: Service) -> None:
    """Each day is in the answer once, however many days are asked for."""
    day = today(service.store.now())
    for ago in (0, 9, 10, 25, 399):
        service.store._accounts[day - timedelta(days=ago), "", "", "m@1"] = Used(1)
    first, last = str(day - timedelta(days=399)), str(day + timedelta(days=1))
    found = service.client.get(f"/usage?from={first}&to={last}").json
    days = [str(day - timedelta(days=ago)) for ago in (399, 25, 10, 9, 0)]
    assert [(one["day"], one["rows"]) for one in found["usage"]] == [(one, 1) for one in days]
    assert service.client.get("/usage").json["total"]["rows"] == 4


def test_the_end_of_the_calendar(service: Service) -> None:
    """The last and the first days of the calendar are days like others."""
    assert service.client.get(f"/usage?to={date.max}").status_code == 200
    assert service.client.get(f"/usage?to={date.min}").status_code == 200
