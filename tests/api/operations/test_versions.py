"""The versions of models over HTTP: aliases, rollback, removal, and the audit of all changes."""

from typing import Any

import pytest
from pydantic import SecretStr
from support.doubles.length_model import LengthModel
from support.in_memory import Service, make_service
from support.owners import ALICE, ROOT
from support.problems import problem

from shared.config.settings import Settings
from shared.fleet import Served

OLD, NEW = "000000000001", "00000000abcd"

CHAMPION = "/models/length/aliases/champion"


@pytest.fixture
def versions(service: Service) -> Service:
    """The service with two versions of its model."""
    announce(service, NEW)
    return service


def announce(service: Service, version: str) -> None:
    card = LengthModel(version=version).card
    service.fleet.announce("node", [Served(card=card, rate=10)])


def promote(service: Service, version: str, **options: str) -> Any:
    return service.client.put(CHAMPION, query_string={"version": version, **options})


def roll_back(service: Service, **options: str) -> Any:
    return service.client.post("/models/length/rollback", query_string=options)


def listed(service: Service) -> dict[str, Any]:
    return {one["version"]: one for one in service.client.get("/models").json["versions"]}


def test_promote_and_roll_back(versions: Service) -> None:
    """The answer says from where to where, and how many processes serve it; new jobs follow."""
    assert promote(versions, OLD).json["before"] is None
    versions.client.put("/models/length/aliases/challenger", query_string={"version": NEW})
    made = promote(versions, "challenger").json
    assert (made["action"], made["before"], made["after"]) == ("promote", OLD, NEW)
    assert made["processes"] == 1
    assert versions.submit(b"text\na\n").json["model"]["version"] == NEW
    assert roll_back(versions).json["after"] == OLD
    assert versions.submit(b"text\na\n").json["model"]["version"] == OLD
    assert listed(versions)[OLD]["aliases"] == ["champion"]
    assert listed(versions)[NEW]["aliases"] == ["challenger"]
    problem(roll_back(versions), 409, "no-former-champion")


def test_a_change_that_is_sent_twice_is_made_once(versions: Service) -> None:
    """A client that names what it expects learns that somebody else was there first."""
    promote(versions, OLD)
    promote(versions, NEW)
    assert roll_back(versions, expected=NEW).status_code == 200
    assert OLD in problem(roll_back(versions, expected=NEW), 409, "alias-moved")
    problem(promote(versions, NEW, expected=NEW), 409, "alias-moved")


def test_a_version_that_no_process_serves_does_not_become_the_champion(versions: Service) -> None:
    """Neither by a promotion nor by a rollback; nothing is changed then."""
    promote(versions, OLD)
    promote(versions, NEW)
    versions.fleet.unserved.add(f"length@{OLD}")
    assert f"length@{OLD}" in problem(roll_back(versions), 409, "not-served")
    problem(promote(versions, OLD), 409, "not-served")
    assert versions.submit(b"text\na\n").json["model"]["version"] == NEW


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        (CHAMPION, {}, 400, "bad-option"),
        (CHAMPION, {"version": "f00d"}, 404, "no-such-model"),
        (CHAMPION, {"version": "0000"}, 422, "ambiguous-version"),
        (CHAMPION, {"version": OLD, "force": "true"}, 400, "unknown-option"),
        (CHAMPION, {"version": OLD, "by": "x" * 101}, 400, "bad-option"),
        ("/models/length/aliases/decade", {"version": OLD}, 422, "bad-alias"),
        ("/models/other/aliases/champion", {"version": OLD}, 404, "no-such-model"),
        ("/models/length/versions/f00d", {}, 404, "no-such-model"),
    ],
)
def test_what_cannot_be_done(
    versions: Service, path: str, query: dict[str, str], status: int, code: str
) -> None:
    """Each is refused with what to do, and leaves no line in the audit."""
    problem(versions.client.put(path, query_string=query), status, code)
    assert versions.client.get("/models/length/audit").json == {"changes": []}


def test_an_alias_is_removed_and_a_champion_is_not(versions: Service) -> None:
    """A bare name must not mean another version without a word."""
    alias = "/models/length/aliases/challenger"
    versions.client.put(alias, query_string={"version": NEW})
    assert versions.client.delete(alias).json["before"] == NEW
    problem(versions.client.delete(alias), 404, "no-such-alias")
    promote(versions, OLD)
    problem(versions.client.delete(CHAMPION), 422, "bad-alias")


def test_a_version_in_use_is_not_removed(versions: Service) -> None:
    """Neither what bare names mean, nor one for which jobs wait; `force` fails those jobs."""
    version = f"/models/length/versions/{OLD}"
    problem(versions.client.delete(f"/models/length/versions/{NEW}"), 409, "version-in-use")
    job = versions.submit(b"text\na\n", model=f"length@{OLD}").location
    assert "jobs wait" in problem(versions.client.delete(version), 409, "version-in-use")
    made = versions.client.delete(f"{version}?force=true&by=me").json
    assert made["failed_jobs"] == 1
    failed = versions.client.get(job).json
    assert failed["state"] == "failed"
    assert f"length@{OLD} was removed by me" in failed["error"]
    assert set(listed(versions)) == {NEW}
    problem(versions.submit(b"text\na\n", model=f"length@{OLD}"), 422, "unknown-model")


def test_a_version_that_a_job_compares_is_in_use(settings: Settings) -> None:
    """As its first model or its second; a job that loses its second one by force goes on."""
    service = make_service(settings, others=[LengthModel("other", OLD), LengthModel("other", NEW)])
    job = service.submit(b"text\na\n", models=f"length,other@{OLD}").location
    version = f"/models/other/versions/{OLD}"
    assert "jobs wait" in problem(service.client.delete(version), 409, "version-in-use")
    assert service.client.delete(f"{version}?force=true").json["failed_jobs"] == 0
    service.work()
    assert service.client.get(job).json["state"] == "succeeded"
    again = service.submit(b"text\na\n", models=f"other@{NEW},length").location
    other = f"/models/other/versions/{NEW}?force=true"
    assert service.client.delete(other).json["failed_jobs"] == 1
    assert service.client.get(again).json["state"] == "failed"


def test_a_removed_version_can_be_served_again(versions: Service) -> None:
    """The workers have it still; a removed champion refuses requests until then."""
    promote(versions, OLD)
    version = f"/models/length/versions/{OLD}"
    problem(versions.client.delete(version), 409, "version-in-use")
    versions.client.delete(f"{version}?force=true")
    problem(versions.submit(b"text\na\n"), 503, "no-champion")
    assert versions.client.put(version).json["action"] == "serve"
    assert versions.submit(b"text\na\n").json["model"]["version"] == OLD


def test_the_listing_counts_what_each_version_has_scored(versions: Service) -> None:
    """Rows and the last use are of the version, and stay with it."""
    versions.scored(b"text\na\nb\n", model=f"length@{OLD}")
    found = listed(versions)
    assert (found[OLD]["rows"], found[NEW]["rows"]) == (2, 0)
    assert found[OLD]["last_used"]
    assert found[NEW]["last_used"] is None
    assert [found[one]["current"] for one in (OLD, NEW)] == [False, True]


def test_the_audit_names_the_key(settings: Settings) -> None:
    """With keys the key says who it was, and only an admin's may change, count and see changes."""
    lines = SecretStr("\n".join((ALICE.line, ROOT.line)))
    keyed = make_service(settings.model_copy(update={"api_keys": lines}))
    headers, query = ROOT.headers, {"version": OLD, "by": "somebody else"}
    assert keyed.client.put(CHAMPION, query_string=query, headers=ALICE.headers).status_code == 403
    made = keyed.client.put(CHAMPION, query_string=query, headers=headers)
    assert made.json["by"].startswith("root (key ")
    audit = "/models/length/audit"
    assert keyed.client.get(audit, headers=ALICE.headers).status_code == 403
    [change] = keyed.client.get(audit, headers=headers).json["changes"]
    assert change.items() <= made.json.items()
    for owner, rows in ((ALICE, None), (ROOT, 0)):
        [version] = keyed.client.get("/models", headers=owner.headers).json["versions"]
        assert version["rows"] == rows
