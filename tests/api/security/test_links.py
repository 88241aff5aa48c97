"""Signed addresses: one download without a key, for ten minutes, and nothing else."""

import logging
from typing import Any
from unittest.mock import Mock

import pytest
from gunicorn.workers.gthread import ThreadWorker
from hypothesis import given
from hypothesis import strategies as st
from support.in_memory import Service
from support.links import CSV, done, signed
from support.owners import ALICE
from support.problems import problem

from api.process.problem_worker import ProblemWorker


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
