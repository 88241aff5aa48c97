"""Files that are odd, or of another format than they are sent as."""

import bz2
import gzip
import io
import lzma
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import feather, parquet
from support.in_memory import Service
from support.problems import problem

from api.requests import body
from api.requests.partial import SentFile
from api.uploads.columns import InputColumns
from api.uploads.csv import CsvUpload

TABLE = b"ref,text\n1,Good\n2,Bad\n"
PARQUET = "application/vnd.apache.parquet"


def written(write: Any) -> bytes:
    file = io.BytesIO()
    write(pa.table({"text": ["Good", "Bad"], "n": [1, 2]}), file)
    return file.getvalue()


OTHERS = [
    (written(parquet.write_table), "a Parquet file", ".parquet"),
    (written(feather.write_feather), "an Arrow or Feather file", "Parquet or CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), ".xls", "CSV"),
    (bz2.compress(TABLE), "packed with bzip2", "Unpack it"),
    (bz2.compress(b""), "packed with bzip2", "Unpack it"),
    (lzma.compress(TABLE), "packed with xz", "Unpack it"),
    (b"\x28\xb5\x2f\xfd" + b"\x20" * 9, "packed with zstd", "Unpack it"),
    (b"Rar!\x1a\x07\x01\x00" + bytes(20), "a RAR archive", "Unpack it"),
    (b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(20), "a 7z archive", "Unpack it"),
    (b"PK\x03\x04" + bytes(20), "an Excel workbook (.xlsx) or a ZIP archive", "CSV UTF-8"),
    (b"\x89PNG\r\n\x1a\n" + bytes(20), "a picture (PNG)", "a table"),
    (b"\xff\xd8\xff\xe0" + bytes(20), "a picture (JPEG)", "a table"),
    (b"GIF89a" + bytes(20), "a picture (GIF)", "a table"),
    (b"%PDF-1.7\n%\xe2\xe3", "a PDF", "CSV"),
    (b"<html>\n<table>", "HTML or XML", "CSV"),
    (b"SQLite format 3\0" + bytes(20), "an SQLite database", "CSV"),
]


@pytest.mark.parametrize(("content", "kind", "advice"), OTHERS)
def test_another_format_is_named(service: Service, content: bytes, kind: str, advice: str) -> None:
    """The message names it at every door, and does not advise a charset."""

    def form(name: str, packed: bytes = content) -> Any:
        return service.client.post("/jobs", data={"file": (io.BytesIO(packed), name)})

    plain = {"Content-Type": "text/csv"}
    for answer in (
        service.submit(content),
        service.submit(content, charset="latin-1"),
        service.submit(content, validate="true"),
        service.client.post("/jobs", data=content, content_type="application/x-ndjson"),
        service.client.post("/jobs", data=content, content_type="application/json"),
        service.client.post(
            "/jobs", data=gzip.compress(content), headers={**plain, "Content-Encoding": "gzip"}
        ),
        form("rows.dat"),
        form("rows.tsv"),
        form("rows.csv.gz", gzip.compress(content)),
    ):
        said = problem(answer, 422, "packed")
        assert kind in said
        assert advice in said
    assert service.client.get("/jobs").json["jobs"] == []


@pytest.mark.parametrize(
    "name", ["PAR1", "ORC", "FEA1", "BZh9", "GIF89a", "Rar!", "%PDF", "7z", "<text>"]
)
def test_a_header_with_such_letters_is_text(service: Service, name: str) -> None:
    """A name of a column may be that of a format."""
    assert len(service.scored(f"{name},text\n1,Good\n".encode())) == 1


@pytest.mark.parametrize("padding", [b"\0", bytes(512), bytes(100_000)])
def test_padding_after_a_gzip(service: Service, padding: bytes) -> None:
    """Zeros after a gzip, and between two of them, are no content."""
    half = len(TABLE) // 2
    packed = gzip.compress(TABLE[:half]) + padding + gzip.compress(TABLE[half:]) + padding
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    answer = service.client.post("/jobs", data=packed, headers=headers)
    assert answer.status_code == 202, answer.text
    service.work()
    assert service.client.get(answer.location).json["rows"]["total"] == 2
    answer = service.client.post("/jobs", data=packed + b"garbage", headers=headers)
    problem(answer, 400, "not-gzip")


def test_many_empty_gzips_take_little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zlib is never given much more than one member, as it copies what it leaves."""
    packed = gzip.compress(b"") * 20_000
    given = []
    make = body._gzip

    class Counted:
        def __init__(self) -> None:
            self._gzip = make()

        def decompress(self, data: bytes, most: int) -> bytes:
            given.append(len(data))
            return self._gzip.decompress(data, most)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._gzip, name)

    monkeypatch.setattr(body, "_gzip", Counted)
    assert list(body._unpack(iter([packed]), SentFile())) == []
    assert max(given) <= body.GZIP_STEP_BYTES


@pytest.mark.parametrize("line", [b"sep=;\n", b"sep=;\r\n", b'"sep=;"\r\n', b"SEP=;\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_first_line_that_names_the_delimiter(service: Service, line: bytes, bom: bytes) -> None:
    """Excel's `sep=;` is passed over, and names the delimiter where the request names none."""
    content = bom + line + b"ref;text\n7;Good, very\n8;Bad\n"
    for options in ({}, {"delimiter": ";"}):
        rows = service.scored(content, **options)
        assert [(row["ref"], row["Sentiment_Score"]) for row in rows] == [("7", 0.1), ("8", 0.03)]
    dry = service.submit(content, validate="true").json
    assert dry["columns"] == ["ref", "text"]
    assert [row["ref"] for row in dry["first_rows"]] == ["7", "8"]


def test_a_first_line_that_contradicts_the_request(service: Service) -> None:
    """It is refused, and the message names both."""
    content = b"sep=;\nref;text\n7;Good\n"
    said = problem(service.submit(content, delimiter="|"), 422, "bad-header")
    assert "sep=;" in said
    assert "'|'" in said
    problem(service.submit(content, delimiter=";", quoting="none"), 422, "bad-header")
    said = problem(service.submit(b"sep=\t\ntext\nGood\n"), 422, "bad-header")
    assert "text/tab-separated-values" in said


def test_a_first_line_in_pieces() -> None:
    """It is known wherever the chunks of the upload end."""
    content = b"sep=|\r\nref|text\n1|a\n"
    for size in range(1, len(content)):
        upload = CsvUpload(is_named=False)
        for at in range(0, len(content), size):
            upload.feed(content[at : at + size])
        layout = upload.layout(InputColumns(("text",)))
        assert (layout.delimiter, layout.start) == ("|", 16)


@pytest.mark.parametrize(
    "content",
    [
        b"ref,text\r1,Good\r2,Bad\r",
        b"text\rGood\rBad",
        b'"ref","text"\r"1","Good"\r"2","Bad"\r',
        b"\rref,text\r1,Good\r2,Bad\r",
        b"text\nGood\rBad\rSo so\rFine\r",
        b"text\r" + b"a long row\r" * 200_000,
    ],
)
def test_lines_that_end_in_cr(service: Service, content: bytes) -> None:
    """They are never one row; the message says how to convert them."""
    for answer in (service.submit(content), service.submit(content, validate="true")):
        assert "tr '\\r' '\\n'" in problem(answer, 422, "cr-line-ends")
    lines = b'{"text": "Good"}\r{"text": "Bad"}\r'
    for more in (lines, lines + b"\n", lines * 30_000):
        answer = service.client.post("/jobs", data=more, content_type="application/x-ndjson")
        problem(answer, 422, "cr-line-ends")


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"ref,text\r\n1,Good\r\n", 1),
        (b"ref,text\r\r\n1,Good\r\r\n", 1),
        (b'ref,"te\rxt",text\n1,"a\rb",Good\n', 1),
        (b"ref,text\n1,Go\rod\n2,Bad\n3,So\n", 3),
    ],
)
def test_a_cr_elsewhere_is_no_line_end(service: Service, content: bytes, rows: int) -> None:
    """In quotes it is part of a cell; in a cell without quotes it is that row's error."""
    found = service.scored(content)
    assert len(found) == rows
    assert found[-1]["error"] is None
    for row in found:
        assert row["error"] is None or "a CR that no LF follows" in row["error"]


def test_repeated_names_that_nobody_asked_for(service: Service) -> None:
    """They do no harm; as the text, the ref or a carried column they are refused."""
    content = b"n,text,n,ref\n1,Good,2,a\n"
    assert [row["ref"] for row in service.scored(content)] == ["a"]
    for options in ({"columns": "all"}, {"columns": "n"}, {"text_column": "n"}):
        assert "'n'" in problem(service.submit(content, **options), 422, "duplicate-columns")
    again = b"ref,text,ref\n1,Good,2\n"
    problem(service.submit(again), 422, "duplicate-columns")


def test_repeated_names_in_parquet(service: Service) -> None:
    """The same in a Parquet file."""
    columns = [pa.array(["Good"]), pa.array([1]), pa.array([2])]
    file = io.BytesIO()
    parquet.write_table(pa.table(columns, names=["text", "n", "n"]), file)

    def post(**options: str) -> Any:
        data = file.getvalue()
        return service.client.post("/jobs", data=data, content_type=PARQUET, query_string=options)

    answer = post()
    assert answer.status_code == 202, answer.text
    service.work()
    found = service.client.get(f"{answer.location}/results?format=json").json["rows"]
    assert [row["Sentiment_Score"] for row in found] == [0.04]
    problem(post(columns="n"), 422, "duplicate-columns")
