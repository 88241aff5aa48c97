"""`bom`, `delimiter` and `decimal`: a CSV as a spreadsheet of another country opens it."""

import csv
import io
from typing import Any

import pytest
from support.doubles.table_model import TableModel
from support.in_memory import Service, make_service
from support.problems import problem
from support.table_rows import ROWS as TABLE

from shared.config.settings import Settings

#: Refs and texts with all signs that end cells, begin formulas, or are quoted.
ROWS = [
    *(("1", "zz"), ("=1+1", "x" * 7), ("a;b", "c,d"), ("tab\there", "a|b c"), ('q"q', "")),
    *(("-1", "line\nend"), ("@x", "raise"), ("1.5", "=cmd|' /C calc'!A0"), ("é", "cr\rhere")),
]

NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}


def upload() -> bytes:
    content = io.StringIO()
    csv.writer(content, lineterminator="\n").writerows([("ref", "text"), *ROWS])
    return content.getvalue().encode()


def done(service: Service, **options: str) -> str:
    """Run a job that carries its texts through; its address."""
    accepted = service.submit(upload(), columns="text", **options)
    service.work()
    return str(accepted.location)


def get(service: Service, url: str, path: str = "results", **query: Any) -> Any:
    answer = service.client.get(f"{url}/{path}", query_string={"format": "csv", **query})
    assert answer.status_code == 200, answer.text
    return answer


def cells(content: bytes, delimiter: str) -> list[list[str]]:
    text = io.StringIO(content.decode(), newline="")
    return list(csv.reader(text, delimiter=delimiter, strict=True))


@pytest.mark.parametrize("own_format", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("by_name", [True, False])
def test_another_delimiter(service: Service, own_format: str, name: str, *, by_name: bool) -> None:
    """The cells are those of the plain CSV, formulas escaped, with the delimiter between them."""
    url, delimiter = done(service, format=own_format), NAMES[name]
    wanted = cells(get(service, url).data, ",")
    assert [wanted[2][0], wanted[7][0]] == ["'=1+1", "'@x"]
    answer = get(service, url, delimiter=name if by_name else delimiter)
    assert cells(answer.data, delimiter) == wanted
    partial = get(service, url, delimiter=name, partial="true")
    assert partial.data == answer.data
    rest = get(service, url, delimiter=name, partial="true", cursor="4", bom="true")
    assert cells(rest.data, delimiter) == wanted[5:]


@pytest.mark.parametrize("own_format", ["csv", "parquet"])
def test_a_byte_order_mark(service: Service, own_format: str) -> None:
    """It comes before the header and nowhere else; the rest is the plain CSV byte for byte."""
    url = done(service, format=own_format)
    for path in ("results", "errors"):
        plain = get(service, url, path).data
        assert get(service, url, path, bom="true").data == b"\xef\xbb\xbf" + plain
        assert get(service, url, path, bom="false").data == plain


def test_a_decimal_comma(service: Service) -> None:
    """Outputs that are no whole numbers have it; refs and carried cells stay as they were sent."""
    url = done(service)
    plain = cells(get(service, url).data, ",")
    rows = cells(get(service, url, decimal="comma", delimiter="semicolon").data, ";")
    assert rows[0] == plain[0]
    assert [row[1] for row in rows] == [row[1].replace(".", ",") for row in plain]
    assert any("," in row[1] for row in rows[1:])
    assert [(row[0], *row[2:]) for row in rows] == [(row[0], *row[2:]) for row in plain]
    assert "1.5" in [row[0] for row in rows]
    # Numbers have no quotes.
    first = get(service, url, decimal=",", delimiter=";").text.splitlines()[1]
    assert first.split(";")[:2] == rows[1][:2]


def test_negative_numbers_with_a_decimal_comma(service: Service) -> None:
    """They stay numbers in a file with decimal commas; a formula is escaped there too."""
    content = b'ref,text\n-1,"-2,5"\n"+3,5e2","-4.5"\n"-1,5+2","=1,5"\n'
    accepted = service.submit(content, columns="text")
    service.work()
    url = str(accepted.location)
    rows = cells(get(service, url, decimal="comma", delimiter="semicolon").data, ";")
    shown = [("-1", "-2,5"), ("+3,5e2", "-4.5"), ("'-1,5+2", "'=1,5")]
    assert [(row[0], row[-1]) for row in rows[1:]] == shown
    plain = cells(get(service, url).data, ",")
    assert [row[-1] for row in plain[1:]] == ["'-2,5", "-4.5", "'=1,5"]


def test_a_decimal_comma_in_a_table(settings: Settings) -> None:
    """Of several outputs only those of type double have it: labels and whole numbers stay."""
    service = make_service(settings, model=TableModel())
    accepted = service.client.post("/jobs?outputs=all", json=TABLE)
    service.work()
    plain = cells(get(service, accepted.location).data, ",")
    rows = cells(get(service, accepted.location, decimal="comma", delimiter="tab").data, "\t")
    types = {one.name: one.type for one in service.model.card.signature.outputs}
    assert {"double"} < set(types.values())
    assert len(rows) == len(plain)
    for row, other in zip(rows[1:], plain[1:], strict=True):
        for name, cell, before in zip(plain[0], row, other, strict=True):
            wanted = before.replace(".", ",") if types.get(name) == "double" else before
            assert cell == wanted, name


def test_errors_in_another_style(service: Service) -> None:
    """The CSV of the rows with an error takes the same options."""
    url = done(service)
    answer = get(service, url, "errors", delimiter="semicolon", bom="true", decimal="comma")
    assert answer.data.startswith(b"\xef\xbb\xbfrow;ref;error\n")
    rows = cells(answer.data.removeprefix(b"\xef\xbb\xbf"), ";")
    assert rows == cells(get(service, url, "errors").data, ",")
    assert len(rows) > 1


def test_each_style_has_an_etag(service: Service) -> None:
    """A client that has other bytes never gets a 304, nor a range of bytes that it has not."""
    url = f"{done(service)}/results"
    styles = ["", "bom=true", "delimiter=semicolon", "delimiter=tab", "decimal=comma&delimiter=tab"]
    answers = [service.client.get(f"{url}?format=csv&{style}") for style in styles]
    assert len({answer.headers["ETag"] for answer in answers}) == len(styles)
    for style, answer in zip(styles[1:], answers[1:], strict=True):
        path, tag = f"{url}?format=csv&{style}", answer.headers["ETag"]
        assert "Accept-Ranges" not in answer.headers
        assert service.client.get(path, headers={"If-None-Match": tag}).status_code == 304
        for validator in (tag, answers[0].headers["ETag"]):
            headers = {"Range": "bytes=3-", "If-Range": validator}
            whole = service.client.get(path, headers=headers)
            assert (whole.status_code, whole.data) == (200, answer.data)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("format=ndjson&bom=true", "it is for format=csv"),
        ("format=json&delimiter=tab", "it is for format=csv"),
        ("format=parquet&decimal=comma", "it is for format=csv"),
        ("format=csv&decimal=comma", "add delimiter=semicolon"),
        ("format=csv&decimal=comma&delimiter=comma", "add delimiter=semicolon"),
        ("format=csv&decimal=,&delimiter=,", "add delimiter=semicolon"),
        ("format=csv&decimal=.5", "it must be point or comma"),
        ("format=csv&bom=yes", "it must be true or false"),
        ("format=csv&delimiter=x", "written with one of"),
        ("format=csv&delimiter=.", "written with one of"),
        ("format=csv&delimiter=-", "written with one of"),
        ("format=csv&delimiter=", "one ASCII character"),
        ("format=csv&delimiter=%22", "one ASCII character"),
        ("format=csv&delimiter=;;", "one ASCII character"),
        ("format=csv&delimiter=tab&delimiter=comma", "it has two values"),
        ("ref=1&bom=true", "it is for format=csv"),
        ("partial=true&format=json&bom=true", "it is for format=csv"),
    ],
)
def test_styles_that_are_refused(service: Service, query: str, reason: str) -> None:
    """The message says what to write; the errors refuse the same."""
    url = done(service)
    answer = service.client.get(f"{url}/results?{query}")
    assert reason in problem(answer, 400, "bad-option")
    if "parquet" not in query and "ref=" not in query:
        answer = service.client.get(f"{url}/errors?{query}")
        assert reason in problem(answer, 400, "bad-option")


def test_the_delimiter_of_a_submission_is_that_of_the_upload(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A submission that waits for its results gets them as a plain CSV, or in its own format."""

    def wait(_: str, _seconds: float) -> bool:
        service.work()
        return True

    monkeypatch.setattr(service.store, "wait", wait)
    for wanted, begin in (("csv", "ref,"), ("ndjson", '{"ref"')):
        answer = service.client.post(
            f"/jobs?delimiter=semicolon&decimal=comma&format={wanted}",
            data=b"ref;text\n1;zz\n",
            content_type="text/csv",
            headers={"Prefer": "wait=5"},
        )
        assert (answer.status_code, answer.text[: len(begin)]) == (200, begin)
