"""Files of every format, recognised by their suffix, through both clients."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import os
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars
import pytest
from support.doubles.length_model import length_score
from support.transports import Working

from scorelane.client.errors import BadRequest, SourceChanged
from scorelane.client.sources import CHUNK_BYTES, upload_of

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


#: Few enough to be scored at once by a slow model.
ROWS = 40

LONG = b"ref,text\n" + b"".join(b"%d,hello %d\n" % (row, row) for row in range(ROWS))


def buffered_gzip(path: Path) -> Any:
    path.write_bytes(gzip.compress(path.read_bytes()))
    return io.BufferedReader(gzip.open(path))  # type: ignore[arg-type]


def compressed_by(module: Any) -> Callable[[Path], Any]:
    def open_file(path: Path) -> Any:
        path.write_bytes(module.compress(path.read_bytes()))
        return module.open(path)

    return open_file


def in_zip(path: Path) -> Any:
    content = path.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows.csv", content)
    return zipfile.ZipFile(path).open("rows.csv")


def temporary(path: Path) -> Any:
    file: Any = tempfile.SpooledTemporaryFile if path.suffix else tempfile.NamedTemporaryFile
    file = file()
    file.write(path.read_bytes())
    file.seek(0)
    return file


def pipe_of(path: Path) -> Any:
    read_end, write_end = os.pipe()

    def write() -> None:
        with os.fdopen(write_end, "wb") as file:
            file.write(path.read_bytes())

    threading.Thread(target=write).start()
    return os.fdopen(read_end, "rb")


#: Ways to open a file, each giving a different kind of file object.
OPENERS: dict[str, Callable[[Path], Any]] = {
    "plain": lambda path: path.open("rb"),
    "unbuffered": lambda path: path.open("rb", buffering=0),
    "gzip": compressed_by(gzip),
    "bz2": compressed_by(bz2),
    "lzma": compressed_by(lzma),
    "buffered gzip": buffered_gzip,
    "zip": in_zip,
    "temporary": temporary,
    "spooled": lambda path: temporary(path.rename(path.with_suffix(".spooled"))),
    "pipe": pipe_of,
    "only read": lambda path: SimpleNamespace(read=io.BytesIO(path.read_bytes()).read),
}


@pytest.mark.parametrize("kind", OPENERS)
def test_open_files_of_every_kind(client: Any, working: Working, tmp_path: Path, kind: str) -> None:
    """All rows are sent, and a length only if it is that of what can be read."""
    path = tmp_path / "rows"
    path.write_bytes(LONG)
    file = OPENERS[kind](path)
    try:
        assert client.submit(file).wait().total == ROWS
    finally:
        getattr(file, "close", lambda: None)()
    sent = next(one for one in working.requests if one.method == "POST")
    assert sent.content == LONG
    assert ("Transfer-Encoding" in sent.headers) is (kind not in {"plain", "unbuffered"})


@pytest.mark.parametrize("mode", ["rb", "gzip"])
def test_files_at_an_offset(client: Any, tmp_path: Path, mode: str) -> None:
    """The rows after the current position are sent; at the end there are none."""
    path = tmp_path / "rows"
    content = b"a comment\n" + LONG
    path.write_bytes(gzip.compress(content) if mode == "gzip" else content)
    with gzip.open(path) if mode == "gzip" else path.open("rb") as file:
        file.readline()
        assert client.submit(file).wait().total == ROWS
        file.seek(len(content) + 100)
        with pytest.raises(BadRequest):
            client.submit(file)


def test_text_files(client: Any, working: Working, tmp_path: Path) -> None:
    """Files that give text are refused before anything is sent, or as soon as they do."""
    path = tmp_path / "rows.csv"
    path.write_bytes(LONG)
    with (
        path.open(encoding="utf-8") as plain,
        gzip.open(path, "wt", encoding="utf-8") as packed,
        codecs.open(str(path), encoding="utf-8") as decoded,
        tempfile.NamedTemporaryFile("w+", encoding="utf-8") as temporary,
    ):
        for file in (plain, packed, decoded, temporary, io.StringIO("text\nhello\n")):
            with pytest.raises(TypeError, match="cannot be submitted, because it gives text"):
                client.submit(file)
    assert working.requests == []
    for nothing in ("text", None):
        with pytest.raises(TypeError, match=f"reading it gave {type(nothing).__name__} and not"):
            client.submit(SimpleNamespace(read=lambda _, nothing=nothing: nothing))
    assert list(client.jobs()) == []


#: More than is read at a time.
LONGER = LONG * (3 * CHUNK_BYTES // len(LONG))


@pytest.mark.parametrize("change", ["shrinks", "grows"])
@pytest.mark.parametrize("opened", [False, True])
def test_a_file_that_changes_during_its_upload(
    client: Any, tmp_path: Path, change: str, opened: bool
) -> None:
    """The upload is not ended as if it was whole, and there is no job."""
    path = tmp_path / "rows.csv"
    path.write_bytes(LONGER)

    def resize(sent: int) -> None:
        if path.stat().st_size == len(LONGER):
            os.truncate(path, sent + 9 if change == "shrinks" else 2 * len(LONGER))

    with path.open("rb") as file, pytest.raises(SourceChanged, match="no longer changes"):
        client.submit(file if opened else path, on_sent=resize)
    assert list(client.jobs()) == []


class OtherPath(os.PathLike[str]):
    """A path of another library."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return str(self._path)


def test_paths_of_other_libraries(client: Any, tmp_path: Path) -> None:
    """Any `os.PathLike` names a file, for rows and for results."""
    path = tmp_path / "rows.ndjson"
    path.write_bytes(CONTENT_BY_SUFFIX[".ndjson"])
    job = client.submit(OtherPath(path))
    assert scores_of(job) == EXPECTED
    assert job.save(OtherPath(tmp_path / "scores.csv")).read_bytes().startswith(b"ref,")


def test_a_file_without_a_size() -> None:
    """Files of /proc say that they have no bytes, and are read to their end all the same."""
    path = Path("/proc/self/environ")
    if not path.exists():
        pytest.skip("this system has no /proc")
    with path.open("rb") as file:
        for source in (path, file):
            upload = upload_of(source, None, {})
            assert upload.size is None
            assert b"".join(upload.chunks()) == path.read_bytes()  # type: ignore[arg-type]
            assert upload.rereadable


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


def test_results_for_spreadsheets(client: Any, tmp_path: Path) -> None:
    """A CSV may have a byte order mark and another delimiter; its cells stay the same."""
    text = 'a;b,"c"\r\nd ' + "é" * 200_000
    job = client.submit([{"text": text, "n;m": "1,5"}], columns=["text", "n;m"]).wait()
    for delimiter, sign in [(";", ";"), ("tab", "\t"), (None, ",")]:
        file = job.save(tmp_path / "a.csv", delimiter=delimiter, bom=True)
        assert file.read_bytes().startswith(b"\xef\xbb\xbfref" + sign.encode())
        with file.open(encoding="utf-8-sig", newline="") as lines:
            header, row = csv.reader(lines, delimiter=sign)
        assert (header[3:], row[3:]) == (["text", "n;m"], [text, "1,5"])
    assert job.save(tmp_path / "a.tsv", delimiter="tab").read_bytes().startswith(b"ref\t")
    for wrong in ("x", ";;", '"', "\n"):
        with pytest.raises(ValueError, match="cannot separate cells"):
            job.save(tmp_path / "b.csv", delimiter=wrong)
    for options in ({"delimiter": ";", "format": "ndjson"}, {"delimiter": ";"}, {"bom": True}):
        with pytest.raises(ValueError, match="are for CSV"):
            job.save(tmp_path / "b.parquet", **options)
    assert not list(tmp_path.glob("*b*"))


def test_the_suffix_of_results(client: Any, tmp_path: Path) -> None:
    """A file gets the format of its name, or none; a name that says nothing means CSV."""
    job = client.submit(b"text\nhello\n").wait()
    for name, start in [("a.CSV", b"ref,"), ("a", b"ref,"), ("a.txt", b"ref,"), ("a.JSONL", b"{")]:
        assert job.save(tmp_path / name).read_bytes().startswith(start)
    for name in ("b.csv.gz", "b.json", "b.xlsx", "b.tsv", "b.zip"):
        with pytest.raises(ValueError, match=r"cannot be written as .*b\.csv, \.ndjson or"):
            job.save(tmp_path / name)
    assert not list(tmp_path.glob("*b*"))
    assert job.save(tmp_path / "b.tsv", "csv").read_bytes().startswith(b"ref,")
