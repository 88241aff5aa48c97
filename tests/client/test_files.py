"""Files of every format, recognised by their suffix, through both clients."""

import gzip
import io
import os
import threading
from pathlib import Path
from typing import Any

import polars
import pytest
from support.doubles.length_model import length_score
from support.transports import Working

FRAME = polars.DataFrame({"ref": ["a", "b"], "text": ["hello", "hello you"]})
EXPECTED = [("a", length_score("hello")), ("b", length_score("hello you"))]

CONTENT_BY_SUFFIX = {
    ".csv": FRAME.write_csv().encode(),
    ".tsv": FRAME.write_csv(separator="\t").encode(),
    ".json": b'{"ref": ["a", "b"], "text": ["hello", "hello you"]}',
    ".ndjson": FRAME.write_ndjson().encode(),
    ".jsonl": FRAME.write_ndjson().encode(),
    ".txt": FRAME.write_csv().encode(),
}


def parquet() -> bytes:
    file = io.BytesIO()
    FRAME.write_parquet(file)
    return file.getvalue()


def scores_of(job: Any) -> list[tuple[str, float]]:
    return [(row["ref"], row["Sentiment_Score"]) for row in job.wait().rows()]


@pytest.mark.parametrize(
    ("suffix", "gzipped"),
    [
        *((suffix, False) for suffix in (*CONTENT_BY_SUFFIX, ".parquet")),
        (".csv", True),
        (".ndjson", True),
    ],
)
def test_the_suffix_of_a_file_says_its_format(
    client: Any, working: Working, tmp_path: Path, suffix: str, gzipped: bool
) -> None:
    """Each format is recognised, also with `.gz`; a file with another suffix is read as CSV."""
    content = CONTENT_BY_SUFFIX.get(suffix) or parquet()
    path = tmp_path / f"in{suffix}{'.gz' if gzipped else ''}"
    path.write_bytes(gzip.compress(content) if gzipped else content)
    assert scores_of(client.submit(path)) == scores_of(client.submit(str(path))) == EXPECTED
    sent = next(one for one in working.requests if one.method == "POST")
    assert sent.headers["Content-Length"] == str(path.stat().st_size)


def test_the_media_type_says_the_format_of_bytes_and_open_files(client: Any) -> None:
    """`media_type` is used for sources that have no file name."""
    lines = CONTENT_BY_SUFFIX[".ndjson"]
    for source in (lines, bytearray(lines), memoryview(lines), io.BytesIO(lines)):
        assert scores_of(client.submit(source, media_type="application/x-ndjson")) == EXPECTED


def test_files_that_cannot_be_read(client: Any, working: Working, tmp_path: Path) -> None:
    """A file that cannot be opened raises an OSError before anything is sent."""
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(OSError, match=str(path)):
            client.submit(path)
    assert working.requests == []


def test_a_named_pipe(client: Any, tmp_path: Path) -> None:
    """A named pipe can be submitted; it is read while another thread writes it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(CONTENT_BY_SUFFIX[".csv"],))
    writer.start()
    try:
        assert scores_of(client.submit(path)) == EXPECTED
    finally:
        writer.join()
