"""Files of every kind, by their endings, through both clients."""

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
SCORED = [("a", length_score("hello")), ("b", length_score("hello you"))]

CONTENTS = {
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


def scored(job: Any) -> list[tuple[str, float]]:
    return [(row["ref"], row["Sentiment_Score"]) for row in job.wait().rows()]


@pytest.mark.parametrize(
    ("ending", "packed"),
    [*((ending, False) for ending in (*CONTENTS, ".parquet")), (".csv", True), (".ndjson", True)],
)
def test_a_file_is_what_its_ending_says(
    client: Any, working: Working, tmp_path: Path, ending: str, packed: bool
) -> None:
    """Each is read as that, also packed; what has another ending is a CSV."""
    content = CONTENTS.get(ending) or parquet()
    path = tmp_path / f"in{ending}{'.gz' if packed else ''}"
    path.write_bytes(gzip.compress(content) if packed else content)
    assert scored(client.submit(path)) == scored(client.submit(str(path))) == SCORED
    sent = next(one for one in working.requests if one.method == "POST")
    assert sent.headers["Content-Length"] == str(path.stat().st_size)


def test_content_of_a_kind(client: Any) -> None:
    """Of bytes and open files the media type says what they are."""
    lines = CONTENTS[".ndjson"]
    for source in (lines, bytearray(lines), memoryview(lines), io.BytesIO(lines)):
        assert scored(client.submit(source, media_type="application/x-ndjson")) == SCORED


def test_files_that_cannot_be_read(client: Any, working: Working, tmp_path: Path) -> None:
    """They are an error of the system's, before anything is sent."""
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(OSError, match=str(path)):
            client.submit(path)
    assert working.requests == []


def test_a_named_pipe(client: Any, tmp_path: Path) -> None:
    """It is read as it is written."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(CONTENTS[".csv"],))
    writer.start()
    try:
        assert scored(client.submit(path)) == SCORED
    finally:
        writer.join()
