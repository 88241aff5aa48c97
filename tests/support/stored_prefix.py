"""Models under a prefix of a store in memory."""

from collections.abc import Callable
from pathlib import Path

from shared.card import Card, read_card
from shared.config.object_address import ObjectAddress
from shared.stored_models import Files, StoredModels

ADDRESS = ObjectAddress("s3", "bucket", "models")


class Prefix(StoredModels):
    """Models in a store in memory, which counts and may refuse what is fetched from it."""

    def __init__(self) -> None:
        from obstore.store import MemoryStore  # noqa: PLC0415  skipped above without it

        self.store = MemoryStore()
        self.fetched: list[str] = []
        self.refuses: Callable[[str], bool] = lambda _what: False
        super().__init__(ADDRESS, lambda _address: self.store)

    def folders(self) -> dict[str, Files]:
        self._check("listing")
        return super().folders()

    def fetch(self, folder: str, file: str, target: Path) -> None:
        self._check(f"{folder}/{file}")
        self.fetched.append(f"{folder}/{file}")
        super().fetch(folder, file, target)

    def _check(self, what: str) -> None:
        if self.refuses(what):
            raise OSError(5, "the store does not answer")

    def write(self, key: str, content: bytes) -> None:
        import obstore  # noqa: PLC0415

        obstore.put(self.store, key, content)


Make = Callable[..., Path]


def names(local: Path) -> list[str]:
    return sorted(one.name for one in local.iterdir() if not one.name.startswith("."))


def put(prefix: Prefix, folder: Path, name: str) -> Card:
    card = read_card(folder)
    prefix.put(folder, name, card)
    return card
