"""A body of very many tiny gzip files, one after the other, is read in few pieces."""

import gzip
import io

import pytest
from support.in_memory import Service

from api.requests.body import LEAST_UNPACKED_BYTES, unpacked
from api.requests.partial import SentFile

ONE = gzip.compress(b"a", mtime=0)


def test_their_bytes_are_passed_on_together() -> None:
    """A reader that looks again at what it holds with each piece would take minutes for bytes."""
    count = 3 * LEAST_UNPACKED_BYTES // 2
    pieces = list(unpacked(iter([ONE * count]), SentFile()))
    assert b"".join(pieces) == b"a" * count
    assert len(pieces) == 2


@pytest.mark.parametrize("is_form", [False, True])
def test_rows_across_them(service: Service, *, is_form: bool) -> None:
    """They are one file."""
    lines = (b"ref,text\n", b"1,o", b"ne\n2,two", b"\n")
    content = b"".join(map(gzip.compress, lines))
    if is_form:
        data = {"file": (io.BytesIO(content), "x.csv.gz")}
        accepted = service.client.post("/jobs", data=data)
    else:
        headers = {"Content-Encoding": "gzip"}
        accepted = service.client.post(
            "/jobs", data=content, content_type="text/csv", headers=headers
        )
    assert [row["ref"] for row in service.rows_of(accepted)] == ["1", "2"]
