"""The reader of CSV uploads."""

import pytest

from api.uploads.columns import InputColumns
from api.uploads.csv import CsvUpload
from shared.errors.input import NotText


@pytest.mark.parametrize("chunk", [1_000, 70_000, 1_000_000])
def test_bad_utf_8_is_named_by_its_place_in_the_upload(chunk: int) -> None:
    """Wherever the bad byte is in its chunk, also after characters of several bytes."""
    good = "ref,text\n" + "1,caf\N{LATIN SMALL LETTER E WITH ACUTE}\n" * 20_000
    content = good.encode() + b"2,\xff\n" + good.encode()
    with pytest.raises(NotText, match=f"{len(good.encode()) + 2:,}"):
        _feed(CsvUpload(), content, chunk)


@pytest.mark.parametrize("rows", [1, 1_000, 300_000])
def test_the_estimate_of_rows(rows: int) -> None:
    """All lines of a short upload are counted, header included; of a long one, the first ones."""
    upload = CsvUpload()
    upload.feed(b"ref,text\n")
    for _ in range(rows // 1_000 or 1):
        upload.feed(b"1234,I am well\n" * min(rows, 1_000))
    assert upload.about_rows == pytest.approx(rows + 1, rel=0.001)


def _feed(upload: CsvUpload, content: bytes, chunk: int) -> None:
    for begin in range(0, len(content), chunk):
        upload.feed(content[begin : begin + chunk])


def test_a_header_that_comes_in_pieces_is_read_as_a_whole() -> None:
    """Also a header of two lines that is cut in the middle of a character."""
    content = 'text,"the \nsch\u00f6ne column"\na,b\n'.encode()
    for size in range(1, len(content)):
        upload = CsvUpload()
        for at in range(0, len(content), size):
            upload.feed(content[at : at + size])
        upload.layout(InputColumns(("text",)))
        assert upload.columns == ["text", "the \nsch\u00f6ne column"]
