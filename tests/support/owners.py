"""Owners of keys, as tests of the API use them."""

from typing import Any

from support.in_memory import Service

from api.security.keys import new_key

CSV = b"ref,text\n1,well\n"


class Owner:
    """An owner with a key of some scopes."""

    def __init__(self, name: str, scopes: str = "submit,read") -> None:
        self.name = name
        self.key, self.line = new_key(name, scopes)
        self.headers = {"Authorization": f"Bearer {self.key}"}


ALICE, BOB, ROOT = Owner("alice"), Owner("bob"), Owner("root", "admin")
READER, SENDER = Owner("alice", "read"), Owner("alice", "submit")


def submit(keyed: Service, owner: Owner) -> Any:
    return keyed.client.post("/jobs", data=CSV, content_type="text/csv", headers=owner.headers)
