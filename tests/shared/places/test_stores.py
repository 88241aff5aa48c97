"""Reading files of users in object storage."""

from typing import Any

import pytest

from shared.config.object_address import ObjectAddress
from shared.config.settings import Settings
from shared.places.address import place_of
from shared.places.stores import Stores
from shared.places.web_files import WebFiles
from shared.storage.object_errors import CredentialsExpired

obstore = pytest.importorskip("obstore", reason="the extra object-storage")


@pytest.mark.parametrize("call", ["head", "files"])
def test_a_bucket_is_opened_again_once_its_credentials_have_expired(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A worker runs for longer than the credentials of a role are valid."""
    from obstore.store import MemoryStore  # noqa: PLC0415  see above

    store, opened = MemoryStore(), list[ObjectAddress]()
    obstore.put(store, "in/a.csv", b"text\na\n")

    def open_store(address: ObjectAddress) -> Any:
        opened.append(address)
        return store

    stores = Stores(open_store=open_store, web=WebFiles(settings))

    def read() -> None:
        if call == "head":
            assert stores.head(place_of("s3://data/in/a.csv"), 100, "")[0] == b"text\na\n"
        else:
            assert len(stores.files(place_of("s3://data/in/"), 10)) == 1

    read()
    read()
    assert len(opened) == 1
    with monkeypatch.context() as patched:
        for name in ("get", "list"):
            patched.setattr(obstore, name, _expired)
        with pytest.raises(CredentialsExpired):
            read()
    read()
    assert len(opened) == 2


def _expired(*_: object, **__: object) -> Any:
    from obstore.exceptions import UnauthenticatedError  # noqa: PLC0415

    raise UnauthenticatedError("status code: 401")
