"""Downloads of results: ranges, ETags and lengths, so that a cut download can be continued."""

import pytest
from support.in_memory import Service

from api.results.byte_ranges import ByteRanges

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (row, b"x" * (row % 50 + 1)) for row in range(40))


@pytest.fixture(params=["bulk", "small"])
def url(request: pytest.FixtureRequest, service: Service) -> str:
    """The path of the results of a bulk job with many parts, and of a small job."""
    if request.param == "bulk":
        accepted = service.submit(CSV)
    else:
        accepted = service.client.post("/jobs", json={"text": ["good", "better"]})
    service.work()
    return f"{accepted.location}/results"


def test_any_range_of_a_download(service: Service, url: str) -> None:
    """`Range` gets exactly these bytes of the whole download, and `Content-Range` names them."""
    whole = service.client.get(url)
    assert whole.headers["Accept-Ranges"] == "bytes"
    size = len(whole.data)
    assert int(whole.headers["Content-Length"]) == size
    for begin in range(size):
        for end in {begin + 1, begin + 7, size} & set(range(size + 1)):
            part = service.client.get(url, headers={"Range": f"bytes={begin}-{end - 1}"})
            assert part.status_code == 206
            assert part.data == whole.data[begin:end]
            assert part.headers["Content-Range"] == f"bytes {begin}-{end - 1}/{size}"
            assert int(part.headers["Content-Length"]) == end - begin
    rest = service.client.get(url, headers={"Range": "bytes=5-"})
    assert rest.data == whole.data[5:]
    last = service.client.get(url, headers={"Range": "bytes=-5"})
    assert last.data == whole.data[-5:]


def test_a_range_after_the_end(service: Service, url: str) -> None:
    """It gets a 416, whose `Content-Range` has the length of the results."""
    size = len(service.client.get(url).data)
    answer = service.client.get(url, headers={"Range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"
    assert answer.json["type"] == "urn:scorelane:problem:requested-range-not-satisfiable"


def test_results_that_a_client_has_are_not_sent_again(service: Service, url: str) -> None:
    """A matching `If-None-Match` gets a 304; a range whose `If-Range` differs gets the whole."""
    whole = service.client.get(url)
    same = service.client.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    matching = {"Range": "bytes=1-", "If-Range": whole.headers["ETag"]}
    assert service.client.get(url, headers=matching).status_code == 206
    other = service.client.get(url, headers={"Range": "bytes=1-", "If-Range": '"other"'})
    assert (other.status_code, other.data) == (200, whole.data)


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=1-", "If-Range": "W/{etag}"},
        {"Range": "bytes=0-1,5-6"},
        {"Range": "rows=1-"},
        {"Range": "rows=1-", "If-Range": "{etag}"},
    ],
)
def test_ranges_that_are_not_answered(service: Service, url: str, headers: dict[str, str]) -> None:
    """The client gets the whole results.

    A proxy that compressed a download made its ETag weak: what the client has of it are other
    bytes, to which no range of the results may be appended.
    """
    whole = service.client.get(url)
    sent = {name: one.format(etag=whole.headers["ETag"]) for name, one in headers.items()}
    answer = service.client.get(url, headers=sent)
    assert (answer.status_code, answer.data) == (200, whole.data)
    assert answer.headers["Content-Length"] == whole.headers["Content-Length"]
    assert "Content-Range" not in answer.headers


def test_head_gives_the_length_of_a_download(service: Service, url: str) -> None:
    """`HEAD` gets the headers of the download, and no body."""
    whole, head = service.client.get(url), service.client.head(url)
    assert head.data == b""
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    assert head.headers["ETag"] == whole.headers["ETag"]


def test_only_the_pieces_of_the_range_are_read() -> None:
    """Each piece after the position is read once, the first one from there; empty ones are not."""
    read: list[tuple[int, int]] = []
    contents = [b"", b"abc", b"", b"defg", b"h", b""]

    def reading(piece: int, offset: int) -> bytes:
        read.append((piece, offset))
        return contents[piece][offset:]

    pieces = ByteRanges([len(content) for content in contents], reading)
    assert pieces.size == 8
    pieces.seek(5)
    assert b"".join(pieces) == b"fgh"
    assert read == [(3, 2), (4, 0)]
