"""Results that are read over connections that are cut: each row comes once, or an error."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.transports import CutBody, Script

from scorelane import Retries
from scorelane.client.errors import (
    ClientError,
    Unreachable,
)


class Cutting(httpx.BaseTransport):
    """Serves a file and its ranges, and cuts the first responses.

    Each cut is a position in the file.
    """

    def __init__(self, content: bytes, etag: str, *cuts: int) -> None:
        self._content = content
        self._etag = etag
        self._cuts = list(cuts)
        self.ranges: list[str | None] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked_range = request.headers.get("Range")
        self.ranges.append(asked_range)
        begin = int(asked_range[len("bytes=") : -1]) if asked_range else 0
        status, headers = 206 if asked_range else 200, {"ETag": self._etag}
        if self._cuts:
            body = CutBody([self._content[begin:]], self._cuts.pop(0) - begin)
            return httpx.Response(status, headers=headers, stream=body)
        return httpx.Response(status, headers=headers, content=self._content[begin:])


LINES = b"".join(b'{"ref": "%d"}\n' % number for number in range(100))
NUMBERS = [{"ref": str(number)} for number in range(100)]


@pytest.mark.parametrize(
    ("etag", "ranges"),
    [('"one"', [None, "bytes=107-", "bytes=701-"]), ('W/"one"', [None] * 3)],
)
def test_rows_come_once_in_spite_of_cuts(
    connected: Callable[..., Any], etag: str, ranges: list[str | None]
) -> None:
    """After a cut the download continues, or restarts if the ETag is weak: no row comes twice."""
    transport = Cutting(LINES, etag, 107, 701)
    assert list(connected(transport).rows("x")) == NUMBERS
    assert transport.ranges == ranges


def test_a_file_is_restarted(connected: Callable[..., Any], tmp_path: Any) -> None:
    """A download that cannot continue writes the file from its start."""
    path = connected(Cutting(LINES, 'W/"one"', 107, 701)).save("x", tmp_path / "rows.jsonl")
    assert path.read_bytes() == LINES


def test_a_download_that_is_always_cut(connected: Callable[..., Any], tmp_path: Any) -> None:
    """If no attempt gets further than the ones before, the client gives up with an error."""
    impatient = Retries(seconds=0.05, first_pause=0.001, longest_pause=0.002)
    transport = Cutting(LINES, 'W/"one"', *[107] * 1000)
    with pytest.raises(Unreachable, match="was cut"):
        connected(transport, retries=impatient).save("x", tmp_path / "rows.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_results_that_changed_after_a_cut(connected: Callable[..., Any], tmp_path: Any) -> None:
    """If the service no longer has the same bytes, the download fails instead of mixing both."""

    class Changing(Cutting):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if "Range" in request.headers:
                self._content = LINES[::-1]
                del request.headers["Range"]
            return super().handle_request(request)

    with pytest.raises(Unreachable, match="results have changed"):
        connected(Changing(LINES, '"one"', 107)).save("x", tmp_path / "rows.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_rows_that_end_too_early(connected: Callable[..., Any]) -> None:
    """A last row that is not whole is an error, and not left out."""
    script = Script(httpx.Response(200, content=b'{"ref": "1"}\n{"ref": "2"}'))
    with pytest.raises(ClientError, match="end in the middle of a row"):
        list(connected(script).rows("x"))


def test_chunks_cannot_be_restarted(connected: Callable[..., Any]) -> None:
    """Chunks that were yielded cannot be taken back, so a cut is an error."""
    with pytest.raises(Unreachable, match="was cut"):
        list(connected(Cutting(LINES, 'W/"one"', 107)).chunks("x", "ndjson"))
