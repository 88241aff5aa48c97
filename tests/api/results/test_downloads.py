"""A download of results can be cut off anywhere and gone on with."""

import pytest
from support.in_memory import Service

from api.results.byte_ranges import ByteRanges

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (at, b"x" * (at % 50 + 1)) for at in range(40))


@pytest.fixture(params=["bulk", "small"])
def url(request: pytest.FixtureRequest, service: Service) -> str:
    """The results of a job of many parts, and of one without any."""
    if request.param == "bulk":
        accepted = service.submit(CSV)
    else:
        accepted = service.client.post("/jobs", json={"text": ["good", "better"]})
    service.work()
    return f"{accepted.location}/results"


def test_any_range_of_a_download(service: Service, url: str) -> None:
    """`Range` gives these bytes of what a whole download gives, and says where they are."""
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


def test_a_range_that_there_is_not(service: Service, url: str) -> None:
    """A range behind the end is a 416 that says how long the results are."""
    size = len(service.client.get(url).data)
    answer = service.client.get(url, headers={"Range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"
    assert answer.json["type"] == "urn:scorelane:problem:requested-range-not-satisfiable"


def test_what_a_client_has_is_not_sent_again(service: Service, url: str) -> None:
    """The same ETag is answered 304; a range of something else gets the whole."""
    whole = service.client.get(url)
    same = service.client.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    matching = {"Range": "bytes=1-", "If-Range": whole.headers["ETag"]}
    assert service.client.get(url, headers=matching).status_code == 206
    other = service.client.get(url, headers={"Range": "bytes=1-", "If-Range": '"other"'})
    assert (other.status_code, other.data) == (200, whole.data)


def test_the_size_of_a_download_without_it(service: Service, url: str) -> None:
    """HEAD says how long the results are, and sends none."""
    whole, head = service.client.get(url), service.client.head(url)
    assert head.data == b""
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    assert head.headers["ETag"] == whole.headers["ETag"]


def test_pieces_read_only_what_is_asked_for() -> None:
    """Each piece behind a place is read once, the first from there; empty ones are passed over."""
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
