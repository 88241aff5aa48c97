r"""Cells of a CSV whose closing quote is not at their end, as programs write them that use `\"`."""

import pytest
from support.in_memory import Service
from support.problems import problem

from shared.tables import csv_blocks

#: Rows of which the `csv` module would make texts that nobody wrote.
BAD = [
    b'1,"He said \\"hi\\" to me",x',
    b'1,"a \\"quoted\\" word",x',
    b'1,"abc"def,x',
    b'1,"abc" ,x',
    b'"1" ,abc,x',
    b'1,"a ""good"" b"c,x',
]

#: Rows with quotes that are all where they may be.
GOOD = [b'1,"a ""good"" b",x', b'1,a 5" pipe,x', b'1, "a",x', b'1,\\"a\\",x', b'1,"a\\",x']


def scored(service: Service, rows: list[bytes], **options: str) -> list[dict[str, object]]:
    """The results of these rows, as JSON."""
    accepted = service.submit(b"ref,text,note\n" + b"\n".join(rows) + b"\n", **options)
    service.work()
    return list(service.client.get(f"{accepted.location}/results?format=json").json["rows"])


@pytest.mark.parametrize("row", BAD)
@pytest.mark.parametrize("block", [64 * 1024, 16])
def test_characters_after_a_closing_quote_are_an_error_of_their_row(
    service: Service, monkeypatch: pytest.MonkeyPatch, row: bytes, block: int
) -> None:
    """All other rows have their scores, wherever the blocks begin in which the file is read."""
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", block)
    first, *good, bad, last = scored(service, [b"0,a,x", *GOOD, row, b"9,last,x"])
    assert bad["Sentiment_Score"] is None
    assert "the row is not CSV: other characters follow the quote" in str(bad["error"])
    assert [one["error"] for one in [first, *good, last]] == [None] * (len(GOOD) + 2)
    assert (first["ref"], last["ref"]) == ("0", "9")
    preview = service.client.post(
        "/jobs?validate=true", data=b"ref,text,note\n" + row + b"\n", content_type="text/csv"
    )
    assert "other characters follow" in preview.text


def test_a_quote_that_took_in_other_rows_fails_the_job(service: Service) -> None:
    """It was closed by a quote of a later row: no row may be lost in another one's error."""
    for rows in (
        b'1,"hello there,x\n2,fine,x\n3,say "hi" now,x\n',
        b'1,"say \\"",x\n2,"bad",x\n',
    ):
        accepted = service.submit(b"ref,text,note\n0,a,x\n" + rows)
        service.work()
        job = service.client.get(accepted.location).json
        assert job["state"] == "failed"
        assert "Row 2 (from byte 20) opens a quote" in job["error"]
        assert "takes in several lines" in job["error"]
        answer = service.client.post(
            "/jobs?validate=true", data=b"ref,text,note\n0,a,x\n" + rows, content_type="text/csv"
        )
        assert "Row 2" in problem(answer, 422, "open-quote")


def test_a_header_with_characters_after_a_closing_quote(service: Service) -> None:
    """It is refused, because no column would have the name that was meant."""
    answer = service.client.post(
        "/jobs", data=b'ref,"the \\"text\\""\n1,a\n', content_type="text/csv"
    )
    assert "other characters follow" in problem(answer, 422, "bad-header")
