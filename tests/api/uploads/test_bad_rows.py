"""Bad rows, and rows that only look bad: each is an error of its own, and the others are scored."""

from support.doubles.length_model import length_score
from support.in_memory import Service


def test_bad_rows_are_errors_in_their_rows(service: Service) -> None:
    """Ragged rows and empty, long or NUL texts get an error; the others are scored, in order."""
    long = "x" * 1_000_000
    rows = service.scored(
        f"ref,text\n1,fine\n2\n3,a,b\n4,\n5,   \n6,{long}\n7,nul\0l\n8,also fine\n".encode()
    )
    assert [row["ref"] for row in rows] == list("12345678")
    found = {row["ref"]: row["error"] for row in rows}
    assert found == {
        "1": None,
        "2": "the row has 1 cells; the header has 2",
        "3": "the row has 3 cells; the header has 2",
        "4": "the text is empty",
        "5": "the text is empty",
        "6": "the text has 1,000,000 characters; at most 500 are scored",
        "7": "the text has a NUL character, at position 4",
        "8": None,
    }
    scores = [row["Sentiment_Score"] for row in rows]
    assert scores == [length_score("fine"), *[None] * 6, length_score("also fine")]


def test_a_stray_carriage_return_is_an_error_in_its_row(service: Service) -> None:
    """A CR outside quotes makes its row an error, and no other."""
    rows = service.scored(b"ref,text\n1,good\n2,ba\rd\n3,good\n")
    assert [row["error"] is None for row in rows] == [True, False, True]


def test_json_values_that_are_no_texts_are_errors_in_their_rows(service: Service) -> None:
    """A null, a number or a list as a text is an error in its row."""
    body = {"ref": [1, 2, 3, 4], "text": ["good", None, 5, ["a"]]}
    answer = service.client.post("/jobs", json=body)
    service.work()
    rows = service.client.get(f"{answer.location}/results?format=json").json["rows"]
    assert [row["error"] for row in rows] == [
        None,
        "the text is missing",
        "the text is not a string but 5",
        'the text is not a string but ["a"]',
    ]


def test_cells_stay_as_typed(service: Service) -> None:
    """No value is taken for missing, a number or a date: refs come back unchanged."""
    refs = [
        "NA",
        "null",
        "007",
        "12345678901234567890",
        "1e5",
        "",
        " spaced ",
        "-0",
        "\u00e9\u4e16",
    ]
    body = "ref,text\n" + "".join(f"{ref},some text\n" for ref in refs)
    assert [row["ref"] for row in service.scored(body.encode())] == refs
    texts = service.scored(b"ref,text\n1,NA\n2,null\n3,007\n")
    assert [row["Sentiment_Score"] for row in texts] == [0.02, 0.04, 0.03]


def test_quotes_line_breaks_crlf_and_a_bom_are_read(service: Service) -> None:
    """The special cases of RFC 4180 are read as spreadsheets write them."""
    content = (
        b"\xef\xbb\xbf"
        b'"ref","text"\r\n'
        b'1,"two\r\nlines"\r\n2,"he said ""no"", twice"\r\n\r\n"a,b",plain "quoted" text'
    )
    rows = service.scored(content)
    assert [row["ref"] for row in rows] == ["1", "2", "a,b"]
    expected = ["two\r\nlines", 'he said "no", twice', 'plain "quoted" text']
    assert [row["Sentiment_Score"] for row in rows] == [length_score(text) for text in expected]


def test_formulas_are_escaped_in_csv_only(service: Service) -> None:
    """A ref that a spreadsheet would run gets a quote in the CSV, and is unchanged in JSON."""
    accepted = service.submit(b"ref,text\n=1+1,a\n@x,a\n-5,a\n+2.5,a\n-x,a\n'=y,a\n")
    service.work()
    lines = service.client.get(f"{accepted.location}/results").text.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [
        "'=1+1",
        "'@x",
        "-5",
        "+2.5",
        "'-x",
        "''=y",
    ]
    rows = service.client.get(f"{accepted.location}/results?format=json").json["rows"]
    assert [row["ref"] for row in rows] == ["=1+1", "@x", "-5", "+2.5", "-x", "'=y"]
