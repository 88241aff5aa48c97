"""`guess=true`: a dry run guesses what the request does not say, and says what it guessed."""

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.guesses import guessed, rows_of_the_job, values_of
from support.in_memory import Service
from support.problems import refused

REVIEWS = [
    ("7a", "Très déçu: l\u2019hôtel était bruyant, à côté"),
    ("7b", "Crème brûlée; parfaite"),
    ("7c", "Œuvre “naïve”"),
]


def test_an_export_of_a_spreadsheet(service: Service) -> None:
    """Semicolons, Windows-1252 and other names: everything is guessed, and a job with the options
    of the answer reads the file as it was shown.
    """
    rows = "".join(f'{ref};"{text}"\r\n' for ref, text in REVIEWS)
    content = f"ID;Review Text\r\n{rows}".encode("cp1252")
    answer = guessed(service, content)
    assert answer.status_code == 200, answer.text
    found = answer.json
    assert values_of(answer) == {
        "charset": "cp1252",
        "delimiter": "semicolon",
        "text_column": "Review Text",
        "ref_column": "ID",
    }
    assert found["options"] == values_of(answer)
    assert [(row["ref"], row["text"]) for row in found["first_rows"]] == REVIEWS
    assert found["sample"]["rows"] == [list(row) for row in REVIEWS]
    assert found["columns"] == ["ID", "Review Text"]
    shown = [(row["ref"], row["error"]) for row in found["first_rows"]]
    assert rows_of_the_job(service, content, "text/csv", found["options"]) == shown


def test_nothing_is_guessed_where_nothing_is_missing(service: Service) -> None:
    """A file that is read by default needs no option."""
    answer = guessed(service, b"ref,text\n1,one\n2,two\n")
    assert (answer.json["guessed"], answer.json["options"]) == ([], {})
    plain = service.client.post(
        "/jobs?validate=true&ref_column=id&label=a:b&label=c:d&delimiter=;",
        data=b"id;text\n1;one\n",
        content_type="text/csv",
    ).json
    assert plain["guessed"] == []
    assert plain["options"] == {"ref_column": "id", "label": ["a:b", "c:d"], "delimiter": ";"}


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"delimiter": ","}, 422),
        ({"charset": "latin-1"}, 200),
        ({"charset": "utf-8"}, 422),
        ({"text_column": "id"}, 200),
        ({"text_column": "nope"}, 422),
        ({"ref_column": "stars"}, 200),
        ({"quoting": "double"}, 200),
    ],
)
def test_what_is_given_is_never_overridden(
    service: Service, options: dict[str, str], status: int
) -> None:
    """Also if it does not fit."""
    content = "id;stars;review\n1;5;café\n2;5;bien\n".encode("cp1252")
    answer = guessed(service, content, **options)
    assert answer.status_code == status, answer.text
    assert not values_of(answer).keys() & options.keys()
    assert (
        options.items() <= {"delimiter": ",", "quoting": "double", **answer.json["options"]}.items()
    )


@pytest.mark.parametrize("where", ["before", "after"])
def test_fields_of_a_form_are_given(service: Service, where: str) -> None:
    """Before the file and after it."""
    file = {"file": (io.BytesIO(b"id;review;other\n1;one;two\n"), "a.csv")}
    fields = {"text_column": "other"}
    data = fields | file if where == "before" else file | fields
    answer = service.client.post("/jobs?validate=true&guess=true", data=data)
    assert answer.status_code == 200, answer.text
    assert answer.json["first_rows"][0]["text"] == "two"
    assert values_of(answer) == {"delimiter": "semicolon", "ref_column": "id"}
    assert answer.json["options"] == {
        "delimiter": "semicolon",
        "text_column": "other",
        "ref_column": "id",
    }


def test_the_name_of_a_file_names_its_delimiter(service: Service) -> None:
    """The options have it, as the job may be sent in another way."""
    file = {"file": (io.BytesIO(b"ref\ttext\n1\tone\n"), "a.tsv")}
    answer = service.client.post("/jobs?validate=true&guess=true", data=file)
    assert answer.json["options"] == {"delimiter": "tab"}
    assert answer.json["guessed"] == []


def test_a_refusal_carries_what_is_known(service: Service) -> None:
    """The columns, the sample, the guesses and the options: enough for a form beside the reason."""
    content = "id;stars;x\n1;5;é\n2;4;ü\n".encode("cp1252")
    answer = guessed(service, content)
    detail = refused(service, answer, 422, "no-such-column")
    assert "'text'" in detail
    assert answer.json["columns"] == ["id", "stars", "x"]
    assert answer.json["sample"]["rows"] == [["1", "5", "é"], ["2", "4", "ü"]]
    assert answer.json["options"] == values_of(answer)
    assert values_of(answer) == {"charset": "cp1252", "delimiter": "semicolon", "ref_column": "id"}


@pytest.mark.parametrize(
    "content",
    [
        b"id;text\n1;a;b\n2;c\n",
        b"id;text\n1;a\xe9\xe9\xe9\xe9\xe9\n",
        "id;text\n1;Очень хороший отель\n".encode("cp1251"),
        "id;text\n1;Zażółć gęślą jaźń\n".encode("cp1250"),
        "id;text\n1;とても良いホテル\n".encode("shift-jis"),
        b"id;text\n1;a\x00\xe9\xff\n",
        ("id;text\n" + "1;été à la mer\n" * 9).encode() + b"2;\xe9t\xe9\n",
    ],
    ids=["ragged", "run", "cp1251", "cp1250", "shift-jis", "NUL", "mixed"],
)
def test_a_guess_that_does_not_fit_is_not_made(service: Service, content: bytes) -> None:
    """A file that no guess reads well is refused, with the reason of a job."""
    answer = guessed(service, content)
    assert answer.status_code == 422, answer.text
    assert not values_of(answer).keys() & {"charset", "text_column"}
    plain = service.client.post("/jobs?validate=true", data=content, content_type="text/csv")
    assert plain.json["type"] == answer.json["type"]


def test_a_first_row_is_not_taken_for_a_header(service: Service) -> None:
    """Texts without a header are refused, as their first one would be lost."""
    for header in ("A very nice hotel, with a view.", "4711;really good", "It was good"):
        content = f"{header}\nAnother one that is rather bad\nAnd a third, of some length\n"
        answer = guessed(service, content.encode())
        refused(service, answer, 422, "no-such-column")


def test_texts_with_commas_in_a_file_of_one_column(service: Service) -> None:
    """They are read as one column, with a delimiter that the file does not have."""
    content = b"text\nWell, well\nfine\nno, thanks, bye\n"
    answer = guessed(service, content)
    assert [row["text"] for row in answer.json["first_rows"]] == content.decode().split("\n")[1:4]
    assert answer.json["options"] == {"delimiter": "tab"}


def test_quotes_that_are_characters(service: Service) -> None:
    """If rows are even only so, `quoting=none` is guessed."""
    content = b'ref\treview\n1\t"Great" he said\n2\tI said "no\n3\t"open\n'
    answer = guessed(service, content)
    assert answer.status_code == 200, answer.text
    assert answer.json["options"] == {
        "delimiter": "tab",
        "quoting": "none",
        "text_column": "review",
    }
    assert [row["text"] for row in answer.json["first_rows"]] == [
        '"Great" he said',
        'I said "no',
        '"open',
    ]


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_unicode_in_other_forms(service: Service, charset: str) -> None:
    """UTF-16 also without a byte order mark."""
    content = "ref;text\n1;Zażółć\n2;とても\n3;Очень\n".encode(charset)
    answer = guessed(service, content)
    assert answer.status_code == 200, answer.text
    assert [row["text"] for row in answer.json["first_rows"]] == ["Zażółć", "とても", "Очень"]
    shown = [(row["ref"], row["error"]) for row in answer.json["first_rows"]]
    assert rows_of_the_job(service, content, "text/csv", answer.json["options"]) == shown


def test_of_two_delimiters_the_other_one_is_said(service: Service) -> None:
    """A file that both fit is read in one way, and the answer names the other one."""
    [guess] = guessed(service, b"ref;a,text\n1;5,one\n2;6,two\n", text_column="text").json[
        "guessed"
    ]
    assert (guess["option"], guess["value"]) == ("delimiter", "comma")
    assert guess["alternatives"] == ["semicolon"]
    assert "semicolon" in guess["reason"]


def test_the_whole_beginning_is_compared(service: Service) -> None:
    """An uneven row after the rows that are shown speaks against a delimiter."""
    rows = b"".join(b"%06d;some text\n" % number for number in range(30_000))
    assert values_of(guessed(service, b"ref;text\n" + rows))["delimiter"] == "semicolon"
    answer = guessed(service, b"ref;text\n" + rows + b"1;2;3\n")
    assert answer.status_code == 422
    assert "delimiter" not in values_of(answer)


def test_other_columns_of_texts_are_alternatives(service: Service) -> None:
    """The longest texts first; columns of numbers are none."""
    content = b"id,title,story,n\n1,Short one,A much longer text about it,5\n2,B,And more of it,6\n"
    [text, ref] = guessed(service, content).json["guessed"]
    assert (text["value"], text["alternatives"]) == ("story", ["title"])
    assert "longest texts" in text["reason"]
    assert ref["value"] == "id"


def test_references_must_differ(service: Service) -> None:
    """A column that only is called `id` is not taken for the references."""
    content = b"id,user_id,text\n1,x,one\n1,y,two\n"
    assert values_of(guessed(service, content)) == {"ref_column": "user_id"}
    assert values_of(guessed(service, b"id,text\n1,one\n1,two\n")) == {}
    assert values_of(guessed(service, b"id,text\n1,one\n,two\n")) == {}


ROWS = [{"Id": number, "n": 5, "Comment": f"a comment of {number} words"} for number in range(3)]


@pytest.mark.parametrize("kind", ["ndjson", "records", "columns", "parquet", "gzip"])
def test_columns_of_other_formats(service: Service, kind: str) -> None:
    """The columns are guessed in every format, and a packed file is read as any other."""
    media_type = "application/json"
    match kind:
        case "ndjson":
            content = b"".join(b"%b\n" % json.dumps(row).encode() for row in ROWS)
            media_type = "application/x-ndjson"
        case "parquet":
            file = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(ROWS), file)
            content, media_type = file.getvalue(), "application/vnd.apache.parquet"
        case "columns":
            content = json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}).encode()
        case "gzip":
            rows = "".join(f"{row['Id']};5;{row['Comment']}\n" for row in ROWS)
            content = gzip.compress(f"Id;n;Comment\n{rows}".encode())
        case _:
            content = json.dumps(ROWS).encode()
    headers = {}
    if kind == "gzip":
        media_type, headers = "text/csv", {"Content-Encoding": "gzip"}
    answer = service.client.post(
        "/jobs?validate=true&guess=true", data=content, content_type=media_type, headers=headers
    )
    assert answer.status_code == 200, answer.text
    options = {"text_column": "Comment", "ref_column": "Id"}
    if kind == "gzip":
        options["delimiter"] = "semicolon"
    assert answer.json["options"] == values_of(answer) == options
    assert [row["text"] for row in answer.json["first_rows"]] == [row["Comment"] for row in ROWS]
    assert [row["ref"] for row in answer.json["first_rows"]] == ["0", "1", "2"]


def test_the_beginning_of_a_file(service: Service) -> None:
    """With `total_bytes` too, a row that is cut off speaks against no guess."""
    content = "id;review\n1;Très bien\n2;déçu\n3;caf".encode("cp1252")
    answer = guessed(service, content, total_bytes=1000)
    assert answer.status_code == 200, answer.text
    assert answer.json["options"].keys() == {"delimiter", "charset", "text_column", "ref_column"}
    assert answer.json["looked_at"]["rows"] == 2
    assert answer.json["estimate"]["rows"] == pytest.approx(1000 * 2 / len(content), rel=0.8)


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_many_columns_of_short_rows(service: Service, kind: str) -> None:
    """They take no memory for the cells that are not there; beyond the limit none is shown."""
    for count, shown in ((1000, 5), (20_000, 0)):
        names = [f"c{number}" for number in range(count)]
        content, media_type = f"{','.join(names)}\n".encode() + b"1\n" * 50_000, "text/csv"
        if kind == "ndjson":
            media_type = "application/x-ndjson"
            content = json.dumps(dict.fromkeys(names, 1)).encode() + b"\n{}" * 100_000
        answer = guessed(service, content, media_type)
        refused(service, answer, 422, "no-such-column")
        assert answer.json["columns"] == names
        assert len(answer.json["sample"]["rows"]) == shown
