"""Files of web servers: read in ranges of one version, at addresses that were checked."""

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.certificates import self_signed
from support.places import Bucket
from support.problems import problem

from shared.config.settings import Settings
from shared.errors.input import BadPlace, PlaceError, SourceChanged, SourceDenied, SourceMissing
from shared.places.address import place_of
from shared.places.web_files import WebFiles
from shared.storage.object_errors import ObjectStorageError

pytestmark = pytest.mark.process  # openssl makes the certificate

CONTENT = b"text\n" + b"".join(b"word %d\n" % at for at in range(2000))


@dataclass
class Web:
    """A web server, and how it answers.

    Attributes:
        root: its address.
        etag: the version of its file.
        knows_ranges: whether it sends ranges.
        status: of all answers; 0: as it should be.
        location: where it redirects the path `/in/moved.csv`.
        hosts: the `Host` of each request.
    """

    root: str = ""
    etag: str = '"1"'
    knows_ranges: bool = True
    status: int = 0
    location: str = ""
    hosts: list[str] = field(default_factory=list)


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server over TLS on the loopback interface, whose certificate is trusted."""
    certificate, key = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.hosts.append(self.headers["Host"])
            begin, end = self.headers["Range"].removeprefix("bytes=").split("-")
            wanted = CONTENT[int(begin) : int(end) + 1]
            match = self.headers.get("If-Match", state.etag)
            status = state.status or (206 if match == state.etag else 412)
            headers = {"ETag": state.etag}
            if self.path == "/in/moved.csv":
                status, headers = 302, {"Location": state.location}
            if status == 206 and state.knows_ranges:
                last = int(begin) + len(wanted) - 1
                headers["Content-Range"] = f"bytes {begin}-{last}/{len(CONTENT)}"
            elif status == 206:
                status, wanted = 200, CONTENT
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(wanted)))
            self.end_headers()
            self.wfile.write(wanted)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    state.root = f"https://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _files(web: Web, allow: str = "localhost", places: str = "") -> WebFiles:
    places = places or f"* read {web.root}/in/"
    return WebFiles(Settings(callback_allow=allow, places=places))


def test_a_file_of_a_web_server_is_a_job(web: Web, settings: Settings) -> None:
    """Its rows are read in ranges, by the workers too."""
    allowed = settings.model_copy(update={"callback_allow": "localhost"})
    bucket = Bucket(allowed, places=f"* read {web.root}/in/")
    rows = bucket.scored({"input": f"{web.root}/in/a.csv", "columns": "text"})
    assert [row["text"] for row in rows] == [f"word {at}" for at in range(2000)]


def test_a_version_is_read_or_nothing(web: Web) -> None:
    """A file that changes between two ranges is an error."""
    files, place = _files(web), place_of(f"{web.root}/in/a.csv")
    found, etag = files.read(place, 5, 100, "")
    assert (bytes(found.content), found.size, etag) == (CONTENT[5:100], len(CONTENT), '"1"')
    web.etag = '"2"'
    with pytest.raises(SourceChanged):
        files.read(place, 100, 200, "", etag)


def test_private_addresses_are_refused(web: Web) -> None:
    """As for callbacks; a line for the host in the places is not enough."""
    with pytest.raises(BadPlace, match="private network"):
        _files(web, allow="").read(place_of(f"{web.root}/in/a.csv"), 0, 10, "")
    assert not web.hosts


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"knows_ranges": False}, BadPlace, "no ranges"),
        ({"etag": 'W/"1"'}, BadPlace, "strong ETag"),
        ({"etag": ""}, BadPlace, "strong ETag"),
        ({"status": 403}, SourceDenied, "may not read"),
        ({"status": 404}, SourceMissing, "no file"),
        ({"status": 204}, BadPlace, "no ranges"),
        ({"status": 405}, BadPlace, "status 405"),
    ],
)
def test_a_server_that_cannot_be_read_so_is_refused(
    web: Web, change: dict[str, Any], kind: type[PlaceError], reason: str
) -> None:
    """Each with its reason; the body of such an answer is not read."""
    for name, value in change.items():
        setattr(web, name, value)
    with pytest.raises(kind, match=reason):
        _files(web).read(place_of(f"{web.root}/in/a.csv"), 0, 10, "")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_error_that_may_pass_is_one_of_the_store(web: Web, status: int) -> None:
    """So it holds a job up, and does not fail it."""
    web.status = status
    with pytest.raises(ObjectStorageError, match=str(status)):
        _files(web).read(place_of(f"{web.root}/in/a.csv"), 0, 10, "")


def test_a_redirect_leads_where_the_owner_may_read(web: Web) -> None:
    """Also with a query, as signed addresses have it."""
    web.location = "/in/a.csv?signature=1"
    found, _ = _files(web).read(place_of(f"{web.root}/in/moved.csv"), 0, 10, "")
    assert bytes(found.content) == CONTENT[:10]


@pytest.mark.parametrize(
    "location",
    [
        "http://localhost/in/a.csv", "https://127.0.0.1/in/a.csv", "https://example.org/in/a.csv",
        "/other/a.csv", "/in/../other/a.csv", "/in/%2e%2e/other/a.csv", "file:///etc/passwd",
        "https://u@localhost/in/a.csv", "//169.254.169.254/in/a", "/in/moved.csv", "",
    ],
)  # fmt: skip
def test_other_redirects_are_refused(web: Web, location: str) -> None:
    """They are no way around the settings, nor to private addresses."""
    web.location = location
    with pytest.raises(BadPlace, match="redirects"):
        _files(web).read(place_of(f"{web.root}/in/moved.csv"), 0, 10, "")


def test_a_redirect_to_a_private_address_is_refused(web: Web) -> None:
    """Even if any host may be read."""
    port = web.root.rpartition(":")[2]
    web.location = f"https://127.0.0.1:{port}/in/a.csv"
    with pytest.raises(BadPlace, match="private network"):
        _files(web, places="* read https://*/").read(
            place_of(f"{web.root}/in/moved.csv"), 0, 10, ""
        )


def test_a_folder_of_a_web_server_is_refused(web: Web, settings: Settings) -> None:
    """Nobody can list it."""
    bucket = Bucket(settings, places=f"* read {web.root}/")
    problem(bucket.submit({"input": f"{web.root}/in/"}), 422, "bad-place")
