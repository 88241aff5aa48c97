"""Which requests the event loop may take, by their heads."""

import pytest

from api.process.question_head import MOST_BYTES, is_new_job, looked_at, short_length

_HEAD = b"POST /sentiment HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("path", [b"/sentiment", b"/score", b"/score?model=fast&outputs=a"])
def test_the_bytes_of_a_short_question(path: bytes) -> None:
    """They are those of the head and of the body that it announces, whatever was received."""
    head = b"POST %s HTTP/1.1\r\nHost: x\r\ncontent-length:  12 \r\nA: b\r\n\r\n" % path
    assert short_length(head) == short_length(head + b"abc") == len(head) + 12


@pytest.mark.parametrize(
    "head",
    [
        b"GET /sentiment HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
        b"POST /sentiments HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
        b"POST /sentiment HTTP/1.0\r\nContent-Length: 1\r\n\r\n",
        _HEAD + b"\r\n",
        _HEAD + b"Content-Length: %d\r\n\r\n" % (MOST_BYTES + 1),
        _HEAD + b"Content-Length: -1\r\n\r\n",
        _HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        _HEAD + b"Content-Length: 1\r\nExpect: 100-continue\r\n\r\n",
        _HEAD + b"Content-Length: 1\r\ncontent-encoding : gzip\r\n\r\n",
        _HEAD + b"\r\nContent-Length: 1\r\n\r\n",
    ],
)
def test_other_requests(head: bytes) -> None:
    """A thread handles them: other addresses, long bodies, and bodies of another form."""
    assert short_length(head) == 0


_JOB = b"POST /jobs?label=a:b HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n"


@pytest.mark.parametrize("kind", [b"application/json", b"Application/JSON ; charset=utf-8"])
def test_the_bytes_of_a_new_job(kind: bytes) -> None:
    """They are those of the head and of the JSON body that it announces."""
    head = _JOB + b"content-type: %s\r\n\r\n" % kind
    assert is_new_job(head)
    assert short_length(head) == short_length(head + b"abc") == len(head) + 12


@pytest.mark.parametrize(
    "field", [b"Content-Type: text/csv", b"A: b", b"Content-Type: application/json5"]
)
def test_jobs_that_are_no_json(field: bytes) -> None:
    """A thread takes them in."""
    assert short_length(_JOB + field + b"\r\n\r\n") == 0


def test_a_job_whose_end_is_waited_for() -> None:
    """A thread waits for it; a header in the body is none."""
    head = _JOB + b"Content-Type: application/json\r\n"
    assert short_length(head + b"prefer: wait=3\r\n\r\n") == 0
    assert is_new_job(head + b"\r\n\r\nPrefer: wait=3\r\n")


_ID = b"0" * 31 + b"a"
_LOOK = b"GET /jobs/%s HTTP/1.1\r\nHost: x\r\n" % _ID


@pytest.mark.parametrize("field", [b"", b"If-None-Match: W/1\r\n", b"Authorization: x\r\n"])
def test_a_look_at_a_job(field: bytes) -> None:
    """It has no body, so its head is all of it; what follows is the next request."""
    head = _LOOK + field + b"\r\n"
    assert looked_at(head) == looked_at(head + b"Prefer: x\r\n\r\n") == _ID.decode()
    assert short_length(head + b"GET / HTTP/1.1\r\n\r\n") == len(head)


@pytest.mark.parametrize(
    "head",
    [
        _LOOK + b"Prefer: wait=3\r\n\r\n",
        _LOOK + b"content-length : 1\r\n\r\n",
        _LOOK + b"Transfer-Encoding: chunked\r\n\r\n",
        _LOOK.replace(b"GET", b"HEAD") + b"\r\n",
        _LOOK.replace(b"1.1", b"1.0") + b"\r\n",
        _LOOK.replace(b" HTTP", b"/results HTTP") + b"\r\n",
        _LOOK.replace(b" HTTP", b"?a=b HTTP") + b"\r\n",
        _LOOK.replace(_ID, b"A" * 32) + b"\r\n",
    ],
)
def test_other_looks(head: bytes) -> None:
    """A thread handles them: they wait, have a body, or ask for something else."""
    assert looked_at(head) == ""
    assert short_length(head) == 0
