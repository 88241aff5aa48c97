"""Downloads from object storage itself: the same bytes, or those of the service."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.transports import CutBody

from scorelane.client.errors import ApiError, ClientError, NoResults

LINES = b"".join(b'{"ref": "%d"}\n' % number for number in range(100))
STORE = "https://store.example/bucket/results.ndjson?X-Amz-Signature=0a%2Fb"
KEY = {"api_key": "a-key"}


class Leading(httpx.BaseTransport):
    """A service that leads to object storage, and serves ranges of the same file.

    Attributes:
        requests: all requests.
    """

    def __init__(self, stored: Callable[[], httpx.Response], sha256: str = "") -> None:
        """Take what object storage answers, and the digest that the service tells."""
        self._stored = stored
        self._sha256 = sha256 or hashlib.sha256(LINES).hexdigest()
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host == "store.example":
            assert str(request.url) == STORE
            assert "Authorization" not in request.headers, "the key is for the service alone"
            return self._stored()
        assert "Authorization" in request.headers
        if request.url.params.get("redirect") == "true":
            body = {"url": STORE, "size": len(LINES), "sha256": self._sha256}
            return httpx.Response(307, headers={"Location": STORE}, json=body)
        asked = request.headers.get("Range")
        begin = int(asked[len("bytes=") : -1]) if asked else 0
        status = 206 if asked else 200
        return httpx.Response(status, headers={"ETag": '"one"'}, content=LINES[begin:])

    @property
    def hosts(self) -> list[str]:
        """Who was asked, in turn."""
        return ["store" if one.url.host == "store.example" else "api" for one in self.requests]


def test_the_bytes_come_from_object_storage(connected: Callable[..., Any], tmp_path: Path) -> None:
    """The service is asked once, and the key is not sent to object storage."""
    leading = Leading(lambda: httpx.Response(200, content=LINES))
    client = connected(leading, **KEY)
    assert client.save("x", tmp_path / "a.ndjson", direct=True).read_bytes() == LINES
    assert leading.hosts == ["api", "store"]
    assert b"".join(client.chunks("x", "ndjson", direct=True)) == LINES
    assert "store" not in leading.hosts[4:]
    client.save("x", tmp_path / "b.ndjson")
    assert leading.hosts[4:] == ["api"]


@pytest.mark.parametrize(
    "stored",
    [
        lambda: httpx.Response(403, content=b"<Code>AccessDenied</Code>"),
        lambda: httpx.Response(503, headers={"Retry-After": "100"}),
        lambda: httpx.Response(302, headers={"Location": "https://elsewhere.example/"}),
        lambda: (_ for _ in ()).throw(httpx.ConnectError("nobody is there")),
        lambda: (_ for _ in ()).throw(httpx.ConnectTimeout("nobody is there")),
    ],
)
def test_the_service_gives_what_storage_does_not(
    connected: Callable[..., Any], tmp_path: Path, stored: Callable[[], httpx.Response]
) -> None:
    """A client that cannot reach the store, or is refused there, gets the rows all the same."""
    leading = Leading(stored)
    client = connected(leading, **KEY)
    assert client.save("x", tmp_path / "a.ndjson", direct=True).read_bytes() == LINES
    assert b"".join(client.chunks("x", "ndjson", direct=True)) == LINES
    assert leading.hosts == ["api", "store", "api"] * 2


@pytest.mark.parametrize("after", [0, 1, 700, len(LINES)])
def test_a_cut_is_continued_by_the_service(connected: Callable[..., Any], after: int) -> None:
    """Each byte comes once, though the connection to object storage was cut."""
    leading = Leading(lambda: httpx.Response(200, stream=CutBody([LINES], after)))
    assert b"".join(connected(leading, **KEY).chunks("x", "ndjson", direct=True)) == LINES
    if after < len(LINES):
        wanted = f"bytes={after}-" if after else None
        assert leading.requests[-1].headers.get("Range") == wanted


@pytest.mark.parametrize("content", [LINES[:-1], LINES + b"x", LINES[:-2] + b"!\n", b""])
def test_other_bytes_are_found(
    connected: Callable[..., Any], tmp_path: Path, content: bytes
) -> None:
    """A file is then written from the service; a stream, whose bytes are gone, ends in an error."""
    leading = Leading(lambda: httpx.Response(200, content=content))
    client = connected(leading, **KEY)
    assert client.save("x", tmp_path / "a.ndjson", direct=True).read_bytes() == LINES
    assert leading.hosts == ["api", "store", "api"]
    with pytest.raises(ClientError, match="not those that the service has written"):
        list(client.chunks("x", "ndjson", direct=True))


def test_a_service_that_leads_nowhere(connected: Callable[..., Any], tmp_path: Path) -> None:
    """It answers with the rows at once, and one request is enough; cuts are continued as ever."""

    class Plain(httpx.BaseTransport):
        def __init__(self) -> None:
            self.requests: list[httpx.Request] = []

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            if len(self.requests) == 1:
                return httpx.Response(
                    200,
                    headers={"ETag": '"one"', "Not-Redirected": "the job is small"},
                    stream=CutBody([LINES], 107),
                )
            return httpx.Response(206, headers={"ETag": '"one"'}, content=LINES[107:])

    plain = Plain()
    client = connected(plain, **KEY)
    assert client.save("x", tmp_path / "a.ndjson", direct=True).read_bytes() == LINES
    asked = [(one.url.params.get("redirect"), one.headers.get("Range")) for one in plain.requests]
    assert asked == [("true", None), (None, "bytes=107-")]


def test_errors_of_the_service_stay(connected: Callable[..., Any], tmp_path: Path) -> None:
    """A job without results, and a redirect that is no answer of Scorelane's."""
    problem = {"type": "urn:scorelane:problem:no-results", "status": 409, "detail": "It failed."}

    class Refusing(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/x/results"):
                return httpx.Response(409, json=problem)
            return httpx.Response(302, headers={"Location": "https://login.example/"}, text="hello")

    client = connected(Refusing(), **KEY)
    with pytest.raises(NoResults, match="It failed"):
        client.save("x", tmp_path / "a.csv", direct=True)
    with pytest.raises((ApiError, ClientError), match="not as Scorelane does"):
        client.save("y", tmp_path / "a.csv", direct=True)
    assert not list(tmp_path.iterdir())
