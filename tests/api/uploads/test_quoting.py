"""Quotes of tables: files without quoting, and quotes that merge rows."""

import csv
import io
import random
from typing import Any

import pytest
from support.in_memory import Service
from support.problems import problem

from api.uploads import quoting
from api.uploads.quoting import checked_tab_quotes, quoted
from shared.errors.input import MergedRows, UnpairedQuote

TSV = "text/tab-separated-values"
MERGED = b'ref\ttext\n1\t"Good\n2\tBad\n3\tSo so\n4\tFine"\n5\tWell\n'
OPEN = b'ref\ttext\n1\tFine\n2\t"Good\n3\tBad\n'


def pieces(content: bytes, size: int) -> Any:
    return (content[at : at + size] for at in range(0, len(content), size))


def sent(service: Service, content: bytes, **options: str) -> Any:
    return service.client.post("/jobs", data=content, content_type=TSV, query_string=options)


def rows(service: Service, content: bytes, **options: str) -> list[tuple[str, Any]]:
    answer = sent(service, content, **options)
    assert answer.status_code == 202, answer.text
    service.work()
    found = service.client.get(f"{answer.location}/results?format=json&limit=100").json["rows"]
    return [(row["ref"], row["error"] or round(row["Sentiment_Score"] * 100)) for row in found]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (MERGED, "merged-rows", "from line 2 to line 5"),
        (MERGED.replace(b"\n", b"\r\n"), "merged-rows", "from line 2 to line 5"),
        (b'text\n"Good\nBad\nFine"\n', "merged-rows", "from line 2 to line 4"),
        (b'text\tref\n"Good\t1\nFine"\t2\n', "merged-rows", "from line 2 to line 3"),
        (OPEN, "unpaired-quote", "line 3 does not pair: it is not closed before the end"),
        (OPEN[:-1], "unpaired-quote", "line 3"),
        (b'ref\ttext\n1\t"Good\n2\tso "called"\n', "unpaired-quote", "line 2"),
        (b'ref\ttext\n1\t"Good" film\n2\tBad\n', "unpaired-quote", "not at the end of its cell"),
        (b'ref\ttext\n1\t"', "unpaired-quote", "line 2"),
        (b'"ref\ttext\n1\ta\n', "unpaired-quote", "line 1"),
    ],
)
def test_quotes_that_do_not_pair(service: Service, content: bytes, code: str, said: str) -> None:
    """A tab-separated file is refused, with the line and the option; so is its dry run."""
    for answer in (
        sent(service, content),
        sent(service, content, validate="true"),
        service.client.post(
            "/jobs?delimiter=tab", data=content, headers={"Content-Type": "text/csv"}
        ),
        service.client.post("/jobs", data={"file": (io.BytesIO(content), "rows.tsv")}),
    ):
        text = problem(answer, 422, code)
        assert said in text
        assert "quoting=none" in text
    assert service.client.get("/jobs").json["jobs"] == []


@pytest.mark.parametrize(
    "content",
    [
        b'ref\ttext\n1\t"a ""good"" film"\n2\t"two\nlines"\n3\t5" pipe\n4\ta "b" c\n5\t""\n',
        b'ref\ttext\n"1"\t"tab\there"\r\n\r\n"2"\t"x"',
        b'\xef\xbb\xbf"ref"\t"text"\n1\t"""a"""\n',
    ],
)
def test_quotes_that_pair_are_accepted(content: bytes) -> None:
    """Quoted cells, those of several lines, and quotes within a cell are no problem."""
    for size in (1, 2, 3, 7, 100):
        assert b"".join(checked_tab_quotes(pieces(content, size))) == content


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_merged_rows_are_found_in_chunks_of_any_size(size: int) -> None:
    """The check does not depend on where chunks end."""
    with pytest.raises(MergedRows, match="from line 2 to line 5"):
        list(checked_tab_quotes(pieces(MERGED, size)))
    with pytest.raises(UnpairedQuote, match="line 3"):
        list(checked_tab_quotes(pieces(OPEN, size)))


def test_rows_without_quoting(service: Service) -> None:
    """With quoting=none every line is a row, and its quotes are part of the text."""
    expected = [("1", 5), ("2", 3), ("3", 5), ("4", 5), ("5", 4)]
    assert rows(service, MERGED, quoting="none") == expected
    assert rows(service, OPEN, quoting="none") == [("1", 4), ("2", 5), ("3", 3)]
    header = b'"ref"\t"te""xt"\n1\t"a\n'
    options = {"text_column": '"te""xt"', "ref_column": '"ref"'}
    assert rows(service, header, quoting="none", **options) == [("1", 2)]


def test_quoting_double_means_what_it_says(service: Service) -> None:
    """A text of several rows is one text where the request says that it is."""
    assert [ref for ref, _ in rows(service, MERGED, quoting="double")] == ["1", "5"]


def test_a_quote_that_a_comma_separated_file_does_not_close(service: Service) -> None:
    """The job fails; the message says where the quote is, and names the option."""
    answer = service.submit(b'ref,text\n1,Good\n2,"Bad\n3,So so\n')
    service.work()
    job = service.client.get(answer.location).json
    assert job["state"] == "failed"
    assert "Row 2 (from byte 16)" in job["error"]
    assert "not closed before the end of the file" in job["error"]
    assert "quoting=none" in job["error"]


def test_other_delimiters_and_formats(service: Service) -> None:
    """quoting=none holds for every delimiter; only a CSV has quotes."""
    content = b'ref,text\n1,"Good\n2,Bad"\n'
    answer = service.submit(content, quoting="none")
    assert answer.status_code == 202
    service.work()
    found = service.client.get(f"{answer.location}/results?format=json").json["rows"]
    assert [row["ref"] for row in found] == ["1", "2"]
    problem(service.client.post("/jobs?quoting=none", json={"text": ["a"]}), 400, "bad-option")
    assert "double, none" in problem(service.submit(content, quoting="no"), 400, "bad-option")


def test_an_option_after_the_file_comes_too_late(service: Service) -> None:
    """As with the delimiter, the file was read without it."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="rows.csv"\r\n\r\n'
        b'text\na\n\r\n--b\r\nContent-Disposition: form-data; name="quoting"\r\n\r\n'
        b"none\r\n--b--\r\n"
    )
    kind = "multipart/form-data; boundary=b"
    answer = service.client.post("/jobs", data=body, content_type=kind)
    assert "before the file" in problem(answer, 400, "bad-option")


@pytest.mark.parametrize("seed", range(30))
def test_the_conversion_keeps_every_cell(seed: int) -> None:
    """What `csv` reads without quoting, it reads from the converted table with quoting."""
    chance = random.Random(seed)  # noqa: S311  to be had again
    signs = ['"', "a", "\t", "\n", " ", "\u00e9", ",", "'"]
    text = "".join(chance.choices(signs, k=400))
    plain = list(csv.reader(text.split("\n"), delimiter="\t", quoting=csv.QUOTE_NONE))
    for size in (1, 3, 50, 1000):
        converted = b"".join(quoted(pieces(text.encode(), size), "\t")).decode()
        found = list(csv.reader(io.StringIO(converted, newline=""), delimiter="\t"))
        assert [row for row in found if row] == [row for row in plain if row]


def test_line_ends_of_windows_and_a_byte_order_mark() -> None:
    """A CR that ends a line stays outside of the cell; a byte order mark is left out."""
    content = b'\xef\xbb\xbf"a\tb"\r\nc"\td\r\n"'
    assert b"".join(quoted(iter([content]), "\t")) == b'"""a"\t"b"""\r\n"c"""\td\r\n""""'


def test_a_cell_of_any_length_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell that is too long to be held stays one cell; its row is an error later."""
    monkeypatch.setattr(quoting, "MAX_HELD_BYTES", 10)
    content = b'a\t"bbbb"bbbb"bb"bbb"bbbb\tc"\nd"\n'
    for size in (1, 3, 5):
        found = b"".join(quoted(pieces(content, size), "\t"))
        assert found.endswith(b'\t"c"""\n"d"""\n')
        assert found.startswith(b"a\tbbbb")
        assert len(found.split(b"\n")[0].split(b"\t")) == 3


def test_the_dry_run_warns(service: Service) -> None:
    """A text with line ends and tabs may be several rows, whatever the delimiter."""
    answer = sent(service, MERGED, validate="true", quoting="double").json
    assert len(answer["warnings"]) == 1
    assert "row 1 contains line ends and tabs" in answer["warnings"][0]
    assert answer["warnings"][0] in answer["detail"]
    commas = b'ref,text\n1,"a, b\nc, d"\n2,"a\tb\nc"\n'
    answer = service.submit(commas, validate="true").json
    assert "row 2 contains" in answer["warnings"][0]
    semicolons = b'ref;text\n1;"a\n2;c"\n'
    answer = service.submit(semicolons, validate="true", delimiter=";").json
    assert "semicolons" in answer["warnings"][0]
    assert service.submit(b"text\na\n", validate="true").json["warnings"] == []
