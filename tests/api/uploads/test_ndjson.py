"""The reader of NDJSON uploads."""

import sys

from support.in_memory import Service

from api.uploads.columns import InputColumns
from api.uploads.ndjson import HEAD_BYTES, NdjsonUpload

BLANK_LINES = b"\n \r\n" * (HEAD_BYTES // 2)


def test_blank_lines_take_no_memory() -> None:
    """However many blank lines an upload begins with, they are dropped as they come."""
    upload = NdjsonUpload(1000)
    for _ in range(20):
        upload.feed(BLANK_LINES)
        assert sys.getsizeof(upload._head) < HEAD_BYTES
    upload.feed(b'{"text": "a"}\n{"text": "b", "id": 1}\n')
    assert upload.finish() == ["text", "id"]
    content = BLANK_LINES * 20 + b'{"text"'
    assert content[: upload.layout(InputColumns(("text",))).start].strip() == b""


def test_rows_after_many_blank_lines(service: Service) -> None:
    """They are scored, and numbered from 1."""
    for bom in (b"", b"\xef\xbb\xbf"):
        content = bom + BLANK_LINES + b'{"text": "a"}\n\n{"text": ""}\n'
        accepted = service.client.post("/jobs", data=content, content_type="application/x-ndjson")
        assert accepted.status_code == 202, accepted.text
        service.work()
        rows = service.client.get(f"{accepted.location}/results?format=json").json["rows"]
        assert [(row["ref"], row["error"]) for row in rows] == [
            ("1", None),
            ("2", "the text is empty"),
        ]
