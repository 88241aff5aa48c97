"""Signed addresses: one download without a key, for ten minutes, and nothing else."""

import logging
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from gunicorn.workers.gthread import ThreadWorker
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from support.in_memory import Service, make_service
from support.owners import ALICE, BOB, READER, ROOT, SENDER, Owner
from support.problems import problem

from api.process.problem_worker import ProblemWorker
from shared.config.settings import Settings

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (at, b"z" * (at % 5)) for at in range(30))


@pytest.fixture(scope="module")
def keyed() -> Service:
    """The service in memory, which needs keys."""
    lines = ";".join(one.line for one in (ALICE, BOB, ROOT, READER, SENDER))
    return make_service(Settings(api_keys=SecretStr(lines), small_rows=5))


@pytest.fixture(scope="module")
def url(keyed: Service) -> str:
    """A job of Alice's that has succeeded."""
    return done(keyed)


def done(service: Service, owner: Owner = ALICE) -> str:
    accepted = service.client.post(
        "/jobs", data=CSV, content_type="text/csv", headers=owner.headers
    )
    service.work()
    return str(accepted.location)


def ask(service: Service, url: str, owner: Owner = ALICE, **body: Any) -> Any:
    body = {"path": "results", **body}
    return service.client.post(f"{url}/links", json=body, headers=owner.headers)


def signed(service: Service, url: str, owner: Owner = ALICE, **body: Any) -> str:
    answer = ask(service, url, owner, **body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.json["url"])


@pytest.mark.parametrize("path", ["results", "errors"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"format": "csv"},
        {"format": "csv", "bom": True, "delimiter": ";", "decimal": "comma"},
        {"format": "json", "limit": 3, "ref_contains": "r&1=é +%"},
        {"format": "ndjson", "partial": "true"},
    ],
)
def test_a_download_without_a_key(
    keyed: Service, url: str, path: str, options: dict[str, Any]
) -> None:
    """The address gives what its path and options give with the key, for GET and for HEAD."""
    address = signed(keyed, url, path=path, options=options)
    assert address.startswith(f"{url}/{path}?")
    texts = {name: str(value).lower() for name, value in options.items()}
    with_key = keyed.client.get(f"{url}/{path}", query_string=texts, headers=ALICE.headers)
    assert with_key.status_code == 200, with_key.text
    answer = keyed.client.get(address)
    assert (answer.status_code, answer.data) == (200, with_key.data)
    assert answer.headers.get("ETag") == with_key.headers.get("ETag")
    head = keyed.client.head(address)
    assert (head.status_code, head.data) == (200, b"")
    problem(keyed.client.get(address.partition("?")[0]), 401, "key-wanted")


def test_a_download_is_continued(keyed: Service, url: str) -> None:
    """`Range` and `If-None-Match` are answered as with a key."""
    address = signed(keyed, url)
    whole = keyed.client.get(address)
    headers = {"Range": "bytes=7-", "If-Range": whole.headers["ETag"]}
    rest = keyed.client.get(address, headers=headers)
    assert (rest.status_code, rest.data) == (206, whole.data[7:])
    same = keyed.client.get(address, headers={"If-None-Match": whole.headers["ETag"]})
    assert same.status_code == 304


def test_each_change_is_refused(keyed: Service, url: str) -> None:
    """Of path, options, time and signature; also one that means the same, or is given twice."""
    other = done(keyed)
    address = signed(keyed, url, options={"format": "csv", "bom": "true"})
    path, _, query = address.partition("?")
    base, _, signature = query.partition("&signature=")
    expires = base.rpartition("expires=")[2]
    flipped = ("1" if signature[0] == "0" else "0") + signature[1:]
    for changed_path, changed_query in [
        (f"{url}/errors", query),
        (f"{other}/results", query),
        *(
            (path, changed)
            for changed in (
                f"{base}&signature={flipped}",
                f"{base}&signature={signature[:-1]}",
                f"{base}&signature={signature}0",
                f"{base}&signature={signature.upper()}",
                f"{base}&signature=",
                f"{base}&signature={signature}&signature={signature}",
                f"{base}&signature={flipped}&signature={signature}",
                f"{base}&signature={signature}&",
                f"{base}&signature={signature}&format=json",
                f"{base}&signature={signature}%00",
                f"{base}&signature={signature}\n",
                f"{base}&sign%61ture={signature}&signature=",
                f"{base};signature={signature}&signature={signature}",
                f"signature={signature}&{base}",
                f"format=json&{query}",
                f"&{query}",
                f"{base.replace('format=csv', 'format=%63sv')}&signature={signature}",
                f"{base.replace('format=csv', 'format=json')}&signature={signature}",
                f"bom=true&format=csv&expires={expires}&signature={signature}",
                f"{base.replace('&bom=true', '')}&signature={signature}",
                f"{base.replace(expires, str(int(expires) + 1))}&signature={signature}",
                f"{base.replace(expires, '0' + expires)}&signature={signature}",
                f"{base.replace(expires, '+' + expires)}&signature={signature}",
                f"{base}&expires={int(expires) + 9}&signature={signature}",
                f"signature={signature}",
                f"expires={expires}&signature={signature}",
            )
        ),
    ]:
        for method in ("GET", "HEAD"):
            answer = keyed.client.open(changed_path, method=method, query_string=changed_query)
            assert answer.status_code == 403, changed_query
            if method == "GET":
                problem(answer, 403, "link-not-valid")
    assert keyed.client.get(address).status_code == 200


@given(data=st.data())
def test_an_address_with_any_other_byte_is_refused(
    keyed: Service, url: str, data: st.DataObject
) -> None:
    """Wherever a character of the query is replaced, left out or added."""
    address = signed(keyed, url, options={"format": "csv", "delimiter": ";"})
    path, _, query = address.partition("?")
    at = data.draw(st.integers(0, len(query)))
    drop = data.draw(st.integers(0, 2))
    new = data.draw(st.text("0aAf&=;%+\x7f\xe9 \t#?/", max_size=2))
    changed = query[:at] + new + query[at + drop :]
    environ = {"QUERY_STRING": changed}
    answer = keyed.client.get(path, environ_overrides=environ)
    assert answer.status_code in ([200] if changed == query else [401, 403])


def test_a_signature_allows_nothing_else(keyed: Service, url: str) -> None:
    """Other paths, methods and spellings of the path need a key."""
    query = signed(keyed, url).partition("?")[2]
    job_id = url.rpartition("/")[2]
    for method, path in [
        *(("GET", path) for path in (url, f"{url}/summary", f"{url}/events", "/jobs", "/workers")),
        ("DELETE", url),
        ("POST", f"{url}/links"),
        ("POST", f"{url}/cancel"),
        ("GET", f"/v1/files/file-{job_id}-output/content"),
    ]:
        answer = keyed.client.open(path, method=method, query_string=query)
        assert answer.status_code == 401, path
    disguised = query.replace("signature", "sign%61ture")
    problem(keyed.client.get(f"{url}/results", query_string=disguised), 401, "key-wanted")
    for path in (f"{url}/results/", f"/{url}/results", f"{url}//results", f"{url}/RESULTS"):
        assert keyed.client.get(path, query_string=query).status_code == 404
    for path in (f"/jobs/{job_id.upper()}x/results", f"{url}%20/results", f"{url}%3F/results"):
        answer = keyed.client.get(path, query_string=query)
        problem(answer, 403, "link-not-valid")
    answer = keyed.client.post(f"{url}/results", query_string=query)
    assert answer.status_code == 405


def test_only_who_may_read_the_job_gets_an_address(keyed: Service, url: str) -> None:
    """Its owner and admins; a key without the scope to read gets none."""
    problem(ask(keyed, url, BOB), 404, "job-not-found")
    problem(ask(keyed, url, SENDER), 403, "wrong-scope")
    problem(ask(keyed, f"/jobs/{'f' * 32}"), 404, "job-not-found")
    problem(keyed.client.post(f"{url}/links", json={"path": "results"}), 401, "key-wanted")
    for owner in (READER, ROOT):
        assert keyed.client.get(signed(keyed, url, owner)).status_code == 200


def test_a_key_that_is_sent_decides(keyed: Service, url: str) -> None:
    """A signature gives a client with a key neither more nor less than the key does."""
    address = signed(keyed, url)
    assert keyed.client.get(f"{address}0", headers=ALICE.headers).status_code == 200
    problem(keyed.client.get(address, headers=BOB.headers), 404, "job-not-found")
    problem(keyed.client.get(address, headers={"X-API-Key": "wrong"}), 401, "unknown-key")


def test_an_address_expires(keyed: Service, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten minutes, by the clock of the job store, of which the client learns."""
    now = keyed.store.now()
    monkeypatch.setattr(keyed.store, "now", lambda: now)
    answer = ask(keyed, url)
    expires = float(answer.json["url"].partition("expires=")[2].partition("&")[0])
    assert 600 <= expires - now <= 601
    monkeypatch.setattr(keyed.store, "now", lambda: expires - 0.01)
    assert keyed.client.get(answer.json["url"]).status_code == 200
    monkeypatch.setattr(keyed.store, "now", lambda: expires)
    detail = problem(keyed.client.get(answer.json["url"]), 403, "link-expired")
    assert "POST /jobs/<id>/links" in detail
    # An expired address that was changed is not valid, whatever it says of its time.
    problem(keyed.client.get(f"{answer.json['url']}0"), 403, "link-not-valid")


def test_an_address_ends_with_its_key(settings: Settings, tmp_path: Path) -> None:
    """Also where its owner has another key, or the key has lost the scope to read."""
    path = tmp_path / "keys"
    path.write_text(f"{ALICE.line}\n{READER.line}\n")
    service = make_service(settings.model_copy(update={"api_keys_file": path}))
    address = signed(service, done(service))
    assert service.client.get(address).status_code == 200
    path.write_text(ALICE.line.replace("submit,read", "submit") + "  # changed\n")
    problem(service.client.get(address), 403, "wrong-scope")
    path.write_text(f"{READER.line}\n")
    problem(service.client.get(address), 403, "link-not-valid")
    path.write_text(f"{ALICE.line}\n# again\n")
    assert service.client.get(address).status_code == 200


def test_the_list_of_keys_is_not_enough_to_sign(keyed: Service) -> None:
    """Services with the same keys have other secrets; one whose store was lost has a new one."""
    service = make_service(Settings(api_keys=SecretStr(ALICE.line), small_rows=5))
    url = done(service)
    address = signed(service, url)
    problem(keyed.client.get(address), 403, "link-not-valid")
    service.store.forget()
    problem(service.client.get(address), 403, "link-not-valid")


def test_a_deleted_job(keyed: Service) -> None:
    """An address says no more than a key of its owner would."""
    url = done(keyed)
    address = signed(keyed, url)
    keyed.client.delete(url, headers=ALICE.headers)
    problem(keyed.client.get(address), 404, "job-not-found")


def test_downloads_count_for_the_owner(settings: Settings) -> None:
    """A download is a request of the owner of the key, and is refused over the limit."""
    lines = SecretStr(f"{ALICE.line};{BOB.line}")
    service = make_service(
        settings.model_copy(update={"api_keys": lines, "requests_per_minute": 4})
    )
    address = signed(service, done(service))
    answers = [service.client.get(address) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert service.client.get("/jobs", headers=BOB.headers).status_code == 200


def test_without_keys_an_address_is_plain(service: Service) -> None:
    """No address needs a signature then, and one that has some is not checked."""
    accepted = service.submit(CSV)
    service.work()
    url = accepted.location
    body = {"path": "errors", "options": {"format": "csv", "delimiter": "\t"}}
    answer = service.client.post(f"{url}/links", json=body)
    plain = f"{url}/errors?format=csv&delimiter=%09"
    assert answer.json == {"url": plain, "expires_at": None}
    assert service.client.get(plain).text.startswith("row\tref\terror\n")
    answer = service.client.post(f"{url}/links", json={"path": "results"})
    assert answer.json["url"] == f"{url}/results"
    assert service.client.get(f"{url}/results?expires=1&signature=0").status_code == 200


def test_the_next_page_has_no_signature(keyed: Service, url: str) -> None:
    """It would not be valid for another cursor."""
    options = {"format": "json", "partial": "true", "limit": "3"}
    link = keyed.client.get(signed(keyed, url, options=options)).headers["Link"]
    assert "cursor=3" in link
    assert "signature" not in link
    assert "expires" not in link


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ([], "bad-request-field", "JSON object"),
        ({}, "bad-request-field", "'path'"),
        ({"path": "events"}, "bad-request-field", "results, errors"),
        ({"path": "../jobs"}, "bad-request-field", "results, errors"),
        ({"path": ["results"]}, "bad-request-field", "results, errors"),
        ({"path": "results", "method": "DELETE"}, "bad-request-field", "only path and options"),
        ({"path": "results", "options": []}, "bad-request-field", "JSON object"),
        ({"path": "results", "options": {"signature": "0"}}, "unknown-option", "'signature'"),
        ({"path": "results", "options": {"expires": 9}}, "unknown-option", "'expires'"),
        ({"path": "results", "options": {"kind": "empty"}}, "unknown-option", "'kind'"),
        ({"path": "results", "options": {"ref": None}}, "bad-option", "a string"),
        ({"path": "results", "options": {"ref": ["a"]}}, "bad-option", "a string"),
        ({"path": "results", "options": {"limit": 1.5}}, "bad-option", "a string"),
        ({"path": "results", "options": {"ref": "é" * 400}}, "bad-request-field", "characters"),
    ],
)
def test_bodies_that_are_refused(
    keyed: Service, url: str, body: Any, kind: str, reason: str
) -> None:
    """The message says what to send."""
    answer = keyed.client.post(f"{url}/links", json=body, headers=ALICE.headers)
    assert reason in problem(answer, 400, kind)


def test_no_log_has_a_signature(
    keyed: Service, url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a line of the access log, nor what gunicorn writes of a request that fails."""
    caplog.set_level(logging.DEBUG)
    address = signed(keyed, url)
    for asked in (address, f"{address}0", address.replace("results", "errors")):
        keyed.client.get(asked, buffered=True)
    signature = address.rpartition("=")[2]
    worker, request = Mock(), Mock(uri=address, method="GET")
    seen: list[str] = []

    def handle(_: Any, req: Any, *_rest: Any) -> None:
        seen.append(req.uri)

    monkeypatch.setattr(ThreadWorker, "handle_error", handle)
    worker.__class__ = ProblemWorker
    ProblemWorker.handle_error(worker, request, Mock(), ("", 0), RuntimeError())
    assert seen == [f"{url}/results"]
    assert signature not in str([vars(record) for record in caplog.records])
