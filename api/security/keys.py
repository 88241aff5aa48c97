"""API keys: who may do what. A key is kept as its hash, and belongs to an owner."""

import hashlib
import hmac
import logging
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from shared.config.settings import Settings
from shared.errors.service import BadKey, NoKeys

logger = logging.getLogger(__name__)

_OWNER = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LINE = re.compile(r"(\S+)\s+(\S+)\s+sha256:([0-9a-f]{64})")


class Scope(StrEnum):
    """What a key may be for."""

    SUBMIT = "submit"  #: Send rows; cancel and delete one's own jobs.
    READ = "read"  #: Follow one's own jobs, and fetch their results.
    ADMIN = "admin"  #: All of it, for the jobs of every owner.


@dataclass(frozen=True)
class Key:
    """A key that is accepted."""

    owner: str
    scopes: frozenset[Scope]
    digest: bytes  #: SHA-256 of the key.

    def allows(self, scope: Scope) -> bool:
        """Whether it may do this."""
        return scope in self.scopes or self.is_admin

    def sees(self, owner: str) -> bool:
        """Whether it may know of this owner's jobs."""
        return self.is_admin or self.owner == owner

    @property
    def is_admin(self) -> bool:
        """Whether it sees the jobs of every owner."""
        return Scope.ADMIN in self.scopes


#: Whoever asks where no keys are set.
ANYONE = Key("", frozenset({Scope.ADMIN}), b"")


def new_key(owner: str, scopes: str) -> tuple[str, str]:
    """A new key, and the line for it in the list of keys.

    It has 256 random bits, which nobody can try out; so its hash needs no salt and no slowness.

    Raises:
        shared.errors.service.BadKey: the owner or the scopes cannot be.
    """
    key = f"scorelane_{secrets.token_urlsafe(32)}"
    line = f"{owner} {scopes} sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    parse_keys(line)
    return key, line


def parse_keys(text: str, where: str = "SCORELANE_API_KEYS") -> list[Key]:
    """The keys of a list: a line `owner scope,scope sha256:<hex>` each; `#` begins a comment.

    Args:
        text: the list.
        where: it is from.

    Raises:
        shared.errors.service.BadKey: a line is none of these; it is named by its number alone.
    """
    keys = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()  # noqa: PLW2901  without its comment
        if not line:
            continue
        found = _LINE.fullmatch(line)
        scopes = set(found[2].split(",")) if found else set()
        if not found or not _OWNER.fullmatch(found[1]) or not scopes <= set(Scope):
            raise BadKey(line=number, where=where, scopes=", ".join(Scope))
        keys.append(Key(found[1], frozenset(map(Scope, scopes)), bytes.fromhex(found[3])))
    return keys


class Keys:
    """The keys of a service; read again when their file has changed: so they are rotated.

    A changed file that cannot be read takes effect when it can: until then the keys are those of
    before, and the log says why.
    """

    def __init__(self, settings: Settings) -> None:
        """Read the keys.

        Raises:
            shared.errors.service.BadKey: a line of them cannot be read.
            OSError: their file cannot be read.
        """
        self._given = parse_keys(settings.api_keys.get_secret_value().replace(";", "\n"))
        self._path = settings.api_keys_file
        self._version: tuple[int, int] | None = None
        self._in_file: list[Key] = []
        self._said = ""  # what was said last of a file that cannot be read
        if self._path:
            self._read(self._path)

    def __bool__(self) -> bool:
        """Whether a key is asked for; also where a file of keys has none in it."""
        return bool(self._given) or self._path is not None

    def find(self, presented: str) -> Key | None:
        """The key that was presented; None where there is no such key."""
        if self._path:
            self._read_again(self._path)
        digest, found = hashlib.sha256(presented.encode()).digest(), None
        # All of them, each in a time that tells nothing of what was compared.
        for key in [*self._given, *self._in_file]:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def _read_again(self, path: Path) -> None:
        try:
            self._read(path)
        except (BadKey, OSError, UnicodeDecodeError) as error:
            if str(error) != self._said:
                self._said = str(error)
                logger.error("the keys stay as they were: %s", error)  # noqa: TRY400  it is no bug

    def _read(self, path: Path) -> None:
        status = path.stat()
        version = (status.st_mtime_ns, status.st_ino)
        if version != self._version:
            self._in_file, self._version = parse_keys(path.read_text(), str(path)), version
            self._said = ""


def check_published(settings: Settings, addresses: list[Any]) -> None:
    """See that the API has keys where others than this machine reach it.

    Args:
        settings: may say where the API is published; that counts, then.
        addresses: where it listens, as `socket.getsockname` gives it.

    Raises:
        shared.errors.service.NoKeys: it has none, and nobody said that it needs none.
        shared.errors.service.BadKey: a line of the keys cannot be read.
        OSError: their file cannot be read.
    """
    if Keys(settings) or settings.without_keys:
        return
    # A Unix socket's address is its path.
    hosts = [address[0] for address in addresses if isinstance(address, tuple)]
    if settings.publish:
        host, colon, _ = settings.publish.rpartition(":")
        hosts = [host.strip("[]") if colon else ""]
    for host in hosts:
        if host != "localhost" and not _is_loopback(host):
            raise NoKeys(address=host or "any address of this machine")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
