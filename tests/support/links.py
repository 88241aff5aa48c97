"""Signed addresses of jobs of a service in memory."""

from typing import Any

from support.in_memory import Service
from support.owners import ALICE, Owner

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (at, b"z" * (at % 5)) for at in range(30))


def done(service: Service, owner: Owner = ALICE) -> str:
    """The path of a job that has succeeded."""
    accepted = service.client.post(
        "/jobs", data=CSV, content_type="text/csv", headers=owner.headers
    )
    service.work()
    return str(accepted.location)


def ask(service: Service, url: str, owner: Owner = ALICE, **body: Any) -> Any:
    """The answer to a request for a signed address."""
    body = {"path": "results", **body}
    return service.client.post(f"{url}/links", json=body, headers=owner.headers)


def signed(service: Service, url: str, owner: Owner = ALICE, **body: Any) -> str:
    """A signed address."""
    answer = ask(service, url, owner, **body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.json["url"])
