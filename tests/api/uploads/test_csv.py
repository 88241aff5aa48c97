"""An upload is checked, and its rows are told, while it passes by."""

import pytest

from api.uploads.csv import CsvUpload
from shared.errors.input import NotText


@pytest.mark.parametrize("chunk", [1_000, 70_000, 1_000_000])
def test_bad_utf_8_is_named_by_its_place_in_the_upload(chunk: int) -> None:
    """Wherever the bad byte lies in a chunk, behind characters of several bytes or not."""
    good = "ref,text\n" + "1,caf\N{LATIN SMALL LETTER E WITH ACUTE}\n" * 20_000
    content = good.encode() + b"2,\xff\n" + good.encode()
    with pytest.raises(NotText, match=f"{len(good.encode()) + 2:,}"):
        _feed(CsvUpload(), content, chunk)


@pytest.mark.parametrize("rows", [1, 1_000, 300_000])
def test_an_upload_tells_about_how_many_rows_it_has(rows: int) -> None:
    """A short one by its lines, header included; a long one by the lines it begins with."""
    upload = CsvUpload()
    upload.feed(b"ref,text\n")
    for _ in range(rows // 1_000 or 1):
        upload.feed(b"1234,I am well\n" * min(rows, 1_000))
    assert upload.about_rows == pytest.approx(rows + 1, rel=0.001)


def _feed(upload: CsvUpload, content: bytes, chunk: int) -> None:
    for begin in range(0, len(content), chunk):
        upload.feed(content[begin : begin + chunk])


def test_a_header_that_comes_in_pieces_is_read_as_a_whole() -> None:
    """Also one of two lines, cut within a character of the second."""
    content = 'text,"the \nsch\u00f6ne column"\na,b\n'.encode()
    for size in range(1, len(content)):
        upload = CsvUpload()
        for at in range(0, len(content), size):
            upload.feed(content[at : at + size])
        upload.layout("text", None)
        assert upload.columns == ["text", "the \nsch\u00f6ne column"]
