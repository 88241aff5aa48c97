"""Keys, owners, scopes and rate limits."""

import pytest
from pydantic import SecretStr
from support.in_memory import Service, make_service
from support.owners import ALICE, BOB, READER, ROOT, SENDER, Owner, submit
from support.problems import problem

from api.error_shapes import shape_of
from api.security.access import SCOPES
from api.security.keys import Scope, check_published, parse_keys
from shared.config.settings import Settings
from shared.errors.service import BadKey, NoKeys
from shared.jobs.keys import manifest_key_of
from shared.jobs.state import State


@pytest.fixture
def keyed(settings: Settings) -> Service:
    """The service in memory, which needs keys."""
    lines = ";".join(one.line for one in (ALICE, BOB, ROOT, READER, SENDER))
    return make_service(settings.model_copy(update={"api_keys": SecretStr(lines)}))


def test_a_request_without_a_key_is_refused(keyed: Service) -> None:
    """Every path needs a key, except the probes, the documentation and the article's test."""
    for rule in keyed.app.url_map.iter_rules():
        path = rule.rule.replace("<job_id>", "0" * 32).replace("<file>", "start.js")
        path = path.replace("<path:file>", "main.js")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = keyed.client.open(path, method=method, buffered=True)
            if SCOPES.get(rule.endpoint, Scope.ADMIN) is None:
                assert answer.status_code == 200
            else:
                if shape := shape_of(path):
                    assert answer.status_code == 401
                    assert answer.json.keys() == shape.kind.__annotations__.keys()
                    message = str(answer.json)
                else:
                    message = problem(answer, 401, "key-wanted")
                assert "scorelane key" in message
                assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "key",
    ["", "wrong", ALICE.key[:-1], ALICE.line.split(":")[1]],
    ids=["empty", "wrong", "cut", "its hash"],
)
def test_a_wrong_key_is_refused(keyed: Service, key: str) -> None:
    """A shortened key is refused too, and so is the hash of a valid key."""
    answer = keyed.client.get("/jobs", headers={"X-API-Key": key})
    problem(answer, 401, "unknown-key")


def test_only_its_owner_and_admins_see_a_job(keyed: Service) -> None:
    """For any other key every request about the job gets a 404, as if there were no such job."""
    accepted = submit(keyed, ALICE)
    keyed.work()
    for method, tail in [("GET", ""), ("GET", "/results"), ("POST", "/cancel"), ("DELETE", "")]:
        path = accepted.location + tail
        problem(keyed.client.open(path, method=method, headers=BOB.headers), 404, "job-not-found")
    seen = {
        name: [one["id"] for one in keyed.client.get("/jobs", headers=owner.headers).json["jobs"]]
        for name, owner in (("alice", ALICE), ("bob", BOB), ("root", ROOT), ("reader", READER))
    }
    mine = [accepted.json["id"]]
    assert seen == {"alice": mine, "bob": [], "root": mine, "reader": mine}
    assert keyed.client.get(accepted.location, headers=ROOT.headers).json["owner"] == "alice"
    keyed.store.move(accepted.json["id"], State.EXPIRED)
    problem(keyed.client.get(accepted.location, headers=BOB.headers), 404, "job-not-found")
    problem(keyed.client.get(accepted.location, headers=ALICE.headers), 410, "job-expired")


def test_an_admin_lists_the_jobs_of_one_owner(keyed: Service) -> None:
    """For another key that is a question about itself, or refused, whether the owner exists or not.

    A name that no owner can have is refused for everybody.
    """
    mine, others = submit(keyed, ALICE).json["id"], submit(keyed, BOB).json["id"]

    def listed(asks: Owner, owner: str) -> list[str]:
        answer = keyed.client.get(f"/jobs?owner={owner}", headers=asks.headers)
        assert answer.status_code == 200
        return [one["id"] for one in answer.json["jobs"]]

    assert listed(ROOT, "alice") == listed(READER, "alice") == [mine]
    assert listed(ROOT, "bob") == [others]
    assert listed(ROOT, "nobody") == []
    for owner in ("bob", "nobody", "root"):
        answer = keyed.client.get(f"/jobs?owner={owner}", headers=ALICE.headers)
        assert "'admin'" in problem(answer, 403, "wrong-scope")
    for name in ("", "a/b", "..%2f..", "x" * 65, "a b"):
        answer = keyed.client.get(f"/jobs?owner={name}", headers=ROOT.headers)
        assert "1 to 64" in problem(answer, 400, "bad-option")


def test_after_a_loss_of_redis_only_its_owner_learns_of_a_job(keyed: Service) -> None:
    """Others get the answer that an id gets which was never given out, for every request."""
    job_id = submit(keyed, ALICE).json["id"]
    damaged = submit(keyed, ALICE).json["id"]
    unknown = f"{int(job_id[:12], 16) + 1:012x}{'0' * 20}"
    keyed.blobs.contents[manifest_key_of(damaged)] = b"{"
    tails = ["", "/results", "/events", "/errors", "/summary"]
    requests = [*(("GET", tail) for tail in tails), ("POST", "/cancel"), ("DELETE", "")]
    for since in (0.0, keyed.store.now() + 60):
        keyed.lose()
        keyed.store.since = lambda since=since: since  # type: ignore[method-assign]
        lost, kept = "job-lost" if since else "job-not-found", "job-not-restored"
        for owner, expected in (
            (ALICE, [kept, lost, lost]),
            (BOB, [lost, lost, lost]),
            (ROOT, [kept, lost, lost]),
        ):
            for method, tail in requests:
                answers = [
                    keyed.client.open(f"/jobs/{one}{tail}", method=method, headers=owner.headers)
                    for one in (job_id, damaged, unknown)
                ]
                kinds = [answer.json["type"].rpartition(":")[2] for answer in answers]
                assert kinds == expected, (method, tail)


def test_a_key_allows_its_scopes_alone(keyed: Service) -> None:
    """A key with the scope `read` cannot submit, and one with `submit` cannot read."""
    assert "'submit'" in problem(submit(keyed, READER), 403, "wrong-scope")
    accepted = submit(keyed, SENDER)
    assert accepted.status_code == 202
    answer = keyed.client.get(accepted.location, headers=SENDER.headers)
    assert "'read'" in problem(answer, 403, "wrong-scope")
    assert keyed.client.get(accepted.location, headers=READER.headers).status_code == 200


def test_a_key_of_any_scope_sees_the_models(keyed: Service) -> None:
    """Who sends rows has to choose a model; who reads results wants to know what gave them."""
    for one in (SENDER, READER, ROOT):
        assert keyed.client.get("/models", headers=one.headers).status_code == 200
    problem(keyed.client.get("/models"), 401, "key-wanted")


@pytest.mark.parametrize("path", ["/score", "/invocations", "/v2/models/length/infer"])
def test_scoring_needs_the_scope_to_submit(keyed: Service, path: str) -> None:
    """A key with the scope `read` sees what a model takes, and cannot score with it."""
    assert keyed.client.get("/v2/models/length", headers=READER.headers).status_code == 200
    answer = keyed.client.post(path, json={}, headers=READER.headers)
    assert answer.status_code == 403
    assert "'submit'" in answer.text
    assert keyed.client.post(path, json={}, headers=SENDER.headers).status_code in (400, 422)


def test_the_rate_limit_of_an_owner(settings: Settings) -> None:
    """Each answer says how many requests are left; over the limit there is a 429.

    All keys of an owner share the limit; other owners are not affected.
    """
    lines = SecretStr(f"{ALICE.line};{READER.line};{BOB.line}")
    keyed = make_service(settings.model_copy(update={"api_keys": lines, "requests_per_minute": 3}))
    left = [keyed.client.get("/jobs", headers=owner.headers) for owner in (ALICE, READER, ALICE)]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in left] == ["r=2", "r=1", "r=0"]
    assert left[0].headers["RateLimit-Policy"] == '"key";q=3;w=60'
    answer = keyed.client.get("/jobs", headers=ALICE.headers)
    problem(answer, 429, "too-many-requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert keyed.client.get("/jobs", headers=BOB.headers).status_code == 200
    assert keyed.client.get("/livez").status_code == 200


@pytest.mark.parametrize(
    "line",
    [
        "alice",
        "alice submit",
        "alice all sha256:" + "0" * 64,
        "a/b read sha256:" + "0" * 64,
        "alice read sha256:" + "0" * 63,
        pytest.param(ALICE.key, id="a key"),
    ],
)
def test_a_line_that_is_no_key_is_named_by_its_number(line: str) -> None:
    """The message does not contain the line, as it may be a key."""
    with pytest.raises(BadKey, match="Line 2") as raised:
        parse_keys(f"{ALICE.line}\n{line}")
    assert line not in str(raised.value)


@pytest.mark.parametrize(
    ("host", "publish", "refused"),
    [
        ("127.0.0.1", "", False),
        ("::1", "", False),
        ("0.0.0.0", "", True),
        ("10.0.0.7", "", True),
        ("0.0.0.0", "127.0.0.1:5005", False),
        ("0.0.0.0", "127.0.0.1:", False),
        ("0.0.0.0", "5005", True),
        ("0.0.0.0", "0.0.0.0:5005", True),
        ("0.0.0.0", "[::1]:80", False),
        ("0.0.0.0", "localhost:80", False),
        ("127.0.0.1", "example.org:80", True),
    ],
)
def test_without_keys_it_listens_on_loopback_alone(
    settings: Settings, host: str, publish: str, refused: bool
) -> None:
    """An API that other machines can reach needs keys, or the setting `without_keys`."""
    settings = settings.model_copy(update={"publish": publish})
    addresses = ["/run/a.sock", (host, 5005)]
    for more in ({"without_keys": True}, {"api_keys": SecretStr(ALICE.line)}):
        check_published(settings.model_copy(update=more), addresses)
    if refused:
        with pytest.raises(NoKeys, match="SCORELANE_WITHOUT_KEYS"):
            check_published(settings, addresses)
    else:
        check_published(settings, addresses)
