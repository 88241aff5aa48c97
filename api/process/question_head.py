"""Tells by the head of a request whether it is a short question, whose body is waited for too."""

import re

#: The longest body of such a request, in bytes: the event loop reads and checks it, in which time
#: all others wait.
MOST_BYTES = 16 * 1024

_QUESTION = re.compile(rb"POST /(?:sentiment|score)(?:\?[^ ]*)? HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([0-9]{1,5})[ \t]*\r\n", re.IGNORECASE)
#: What makes the body, or what follows the head, something else than so many bytes.
_OTHER = re.compile(
    rb"\r\n(?:transfer-encoding|content-encoding|expect|upgrade)[ \t]*:", re.IGNORECASE
)
_END = b"\r\n\r\n"


def short_length(head: bytes | bytearray) -> int:
    """The bytes of a request with its body, if it is a short question; otherwise 0.

    gunicorn's parser still decides what the request is: this only tells whether it may be asked.

    Args:
        head: the head of the request, and what was received after it.
    """
    if not _QUESTION.match(head):
        return 0
    end = head.index(_END) + len(_END)
    length = _LENGTH.search(head, 0, end)
    if not length or int(length[1]) > MOST_BYTES or _OTHER.search(head, 0, end):
        return 0
    return end + int(length[1])
