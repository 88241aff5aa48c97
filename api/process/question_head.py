"""Tells by the head of a request whether the event loop may handle it without a thread.

It may be a short question or a new job, whose body is waited for too, or a look at a job.
"""

import re

#: The longest body of such a request, in bytes: the event loop reads and checks it, in which time
#: all others wait.
MOST_BYTES = 16 * 1024

_LOOK = re.compile(rb"GET /jobs/([0-9a-f]{32}) HTTP/1\.1\r\n")
#: What makes a thread wait: a body, or the end of the job.
_WAITS = re.compile(
    rb"\r\n(?:content-length|transfer-encoding|expect|upgrade|prefer)[ \t]*:", re.IGNORECASE
)

_PREFERS = re.compile(rb"\r\nprefer[ \t]*:", re.IGNORECASE)
_QUESTION = re.compile(rb"POST /(?:sentiment|score)(?:\?[^ ]*)? HTTP/1\.1\r\n")
_JOB = re.compile(rb"POST /jobs(?:\?[^ ]*)? HTTP/1\.1\r\n")
_JSON = re.compile(rb"\r\ncontent-type[ \t]*:[ \t]*application/json[ \t]*[;\r]", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([0-9]{1,5})[ \t]*\r\n", re.IGNORECASE)
#: What makes the body, or what follows the head, something else than so many bytes.
_OTHER = re.compile(
    rb"\r\n(?:transfer-encoding|content-encoding|expect|upgrade)[ \t]*:", re.IGNORECASE
)
_END = b"\r\n\r\n"


def short_length(head: bytes | bytearray) -> int:
    """The bytes of a request with its body, if the event loop may handle it; otherwise 0.

    gunicorn's parser still decides what the request is: this only tells whether it may be asked.

    Args:
        head: the head of the request, and what was received after it.
    """
    end = head.index(_END) + len(_END)
    if looked_at(head):
        return end
    if not _QUESTION.match(head) and not is_new_job(head):
        return 0
    length = _LENGTH.search(head, 0, end)
    if not length or int(length[1]) > MOST_BYTES or _OTHER.search(head, 0, end):
        return 0
    return end + int(length[1])


def is_new_job(head: bytes | bytearray) -> bool:
    """Whether a head is that of a new job, whose rows are JSON, and whose end is not waited for.

    Args:
        head: the head of the request, and what was received after it.
    """
    if not _JOB.match(head):
        return False
    end = head.index(_END) + 2
    return bool(_JSON.search(head, 0, end)) and not _PREFERS.search(head, 0, end)


def looked_at(head: bytes | bytearray) -> str:
    """The id of the job that a head asks for, if no thread has to wait for anything; or empty.

    Args:
        head: the head of the request, and what was received after it.
    """
    found = _LOOK.match(head)
    if not found or _WAITS.search(head, 0, head.index(_END) + 2):
        return ""
    return found[1].decode()
