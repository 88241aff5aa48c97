"""Who gets a signed address, and how long it is valid."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from support.in_memory import Service, make_service
from support.links import ask, done, signed
from support.owners import ALICE, BOB, READER, ROOT, SENDER
from support.problems import problem

from shared.config.settings import Settings


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
