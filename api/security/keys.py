"""API keys and their scopes. Only the hash of a key is stored; each key belongs to an owner."""

import hashlib
import hmac
import logging
import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from shared.config.settings import Settings
from shared.errors.service import BadKey, NoKeys

logger = logging.getLogger(__name__)

#: What the name of an owner matches, from its beginning to its end.
OWNER = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LINE = re.compile(r"(\S+)\s+(\S+)\s+sha256:([0-9a-f]{64})(?:\s+rows_per_day=([1-9][0-9]{0,11}))?")

#: How many hex digits of a key's hash are its id.
ID_DIGITS = 12


class Scope(StrEnum):
    """What a key allows."""

    SUBMIT = "submit"  #: Send rows; cancel, retry and delete the owner's jobs.
    READ = "read"  #: Follow the owner's jobs, and download their results.
    ADMIN = "admin"  #: Everything, for the jobs of every owner; also `/metrics` and `/workers`.


@dataclass(frozen=True)
class Key:
    """A key that is accepted."""

    owner: str
    scopes: frozenset[Scope]
    digest: bytes  #: SHA-256 of the key.
    #: Its budget; None: no limit. Not compared: a key with another budget is still valid.
    rows_per_day: int | None = field(default=None, compare=False)

    @property
    def id(self) -> str:
        """The name of the key in reports: the first digits of its hash; empty without a key."""
        return self.digest.hex()[:ID_DIGITS]

    def allows(self, scope: Scope) -> bool:
        """Whether the key has a scope; an admin key has them all."""
        return scope in self.scopes or self.is_admin

    def sees(self, owner: str) -> bool:
        """Whether the key may see the jobs of an owner."""
        return self.is_admin or self.owner == owner

    @property
    def is_admin(self) -> bool:
        """Whether the key has the scope `ADMIN`."""
        return Scope.ADMIN in self.scopes


#: The identity of every request to a service without keys.
ANYONE = Key("", frozenset({Scope.ADMIN}), b"")

#: The identity of a request without a key to a service with keys, where the key is optional.
NOBODY = Key("", frozenset(), b"")


def new_key(owner: str, scopes: str, rows_per_day: int | None = None) -> tuple[str, str]:
    """A new key, and its line for the list of keys.

    A key has 256 random bits, too many to guess. So its hash needs no salt and no slow function.

    Args:
        owner: of the key.
        scopes: of the key, separated by commas.
        rows_per_day: its budget; None: no limit.

    Raises:
        shared.errors.service.BadKey: the owner or the scopes are not valid.
    """
    key = f"scorelane_{secrets.token_urlsafe(32)}"
    line = f"{owner} {scopes} sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    if rows_per_day is not None:
        line += f" rows_per_day={rows_per_day}"
    parse_keys(line)
    return key, line


def parse_keys(text: str, where: str = "SCORELANE_API_KEYS") -> list[Key]:
    """The keys of a list. `#` begins a comment.

    Each line is `owner scope,scope sha256:<hex>`, perhaps with ` rows_per_day=<number>` at its end.

    Args:
        text: the list.
        where: the name of the setting or file that it comes from, for the message of an error.

    Raises:
        shared.errors.service.BadKey: a line has another form. The message has its number and not
            its text, as the text may be a key.
    """
    keys = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()  # noqa: PLW2901  without its comment
        if not line:
            continue
        found = _LINE.fullmatch(line)
        scopes = set(found[2].split(",")) if found else set()
        if not found or not OWNER.fullmatch(found[1]) or not scopes <= set(Scope):
            raise BadKey(line=number, where=where, scopes=", ".join(Scope))
        budget = int(found[4]) if found[4] else None
        digest = bytes.fromhex(found[3])
        keys.append(Key(found[1], frozenset(map(Scope, scopes)), digest, budget))
    return keys


class Keys:
    """The keys of a service. Their file is read again when it has changed, so keys can be rotated.

    If the changed file cannot be read, the previous keys stay valid, and the log says why.
    """

    def __init__(self, settings: Settings) -> None:
        """Read the keys.

        Raises:
            shared.errors.service.BadKey: a line of the list of keys cannot be read.
            OSError: the file of keys cannot be read.
        """
        self._from_setting = parse_keys(settings.api_keys.get_secret_value().replace(";", "\n"))
        self._path = settings.api_keys_file
        self._version: tuple[int, int] | None = None
        self._from_file: list[Key] = []
        self._logged = ""  # the last error of the file that was logged, so as to log it once
        if self._path:
            self._read(self._path)

    def __bool__(self) -> bool:
        """Whether requests need a key. A file of keys makes them need one, even an empty file."""
        return bool(self._from_setting) or self._path is not None

    def find(self, presented: str) -> Key | None:
        """The key that a client presented; None if there is no such key."""
        return self._find(hashlib.sha256(presented.encode()).digest())

    def _find(self, digest: bytes) -> Key | None:
        """The key with a hash; of several lines with the same one, the last counts."""
        found = None
        # All keys are compared, each in constant time, so that the time reveals nothing.
        for key in self.present():
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def has(self, key: Key) -> bool:
        """Whether a key that was found earlier is still in the list, with its owner and scopes."""
        return self._find(key.digest) == key

    def holds(self, key: Key) -> bool:
        """Whether a key that was found earlier is still in the list, with all that it has."""
        found = self._find(key.digest)
        return found == key and found.rows_per_day == key.rows_per_day

    def present(self) -> list[Key]:
        """All keys that are valid now."""
        if self._path:
            self._read_again(self._path)
        return [*self._from_setting, *self._from_file]

    def _read_again(self, path: Path) -> None:
        try:
            self._read(path)
        except (BadKey, OSError, UnicodeDecodeError) as error:
            if str(error) != self._logged:
                self._logged = str(error)
                logger.error("the keys stay as they were: %s", error)  # noqa: TRY400  it is no bug

    def _read(self, path: Path) -> None:
        status = path.stat()
        version = (status.st_mtime_ns, status.st_ino)
        if version != self._version:
            self._from_file, self._version = parse_keys(path.read_text(), str(path)), version
            self._logged = ""


def check_published(settings: Settings, addresses: list[Any]) -> None:
    """Check that the API has keys if other machines can reach it.

    Args:
        settings: of the API. Its `publish`, where it is set, counts in place of `addresses`.
        addresses: where the API listens, as `socket.getsockname` gives them.

    Raises:
        shared.errors.service.NoKeys: there are no keys, and `without_keys` is not set.
        shared.errors.service.BadKey: a line of the list of keys cannot be read.
        OSError: the file of keys cannot be read.
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
