"""Empty lines in a CSV: no rows; with one column, nobody knows whether they are empty texts."""

import pytest
from support.in_memory import Service
from support.problems import problem

from api.uploads.columns import InputColumns
from api.uploads.csv import CsvUpload
from shared.errors.input import EmptyLine

#: Files of one column, and the number of the empty line that a row follows; 0: there is none.
FILES = [
    (b"text\ngood\n\nbad\n", 3),
    (b"text\r\ngood\r\n\r\nbad\r\n", 3),
    (b"text\ngood\n\n\n\nbad", 3),
    (b'text\n"a\n\nb"\n\n"c"\n', 5),
    (b'text\n5" pipe\n"a ""b""\n\nc"\nd\n\ne\n', 7),
    (b'"the\ntext"\na\n\nb\n', 4),
    (b"text\ngood\nbad\n\n\r\n\n", 0),
    (b"text\n\n\ngood\nbad\n", 0),
    (b"\n\ntext\ngood\n", 0),
    (b'text\ngood\n""\nbad\n', 0),
    (b'text\n"a\n\nb"\n"c\r\n\r\n"\n', 0),
    (b'text\n"a ""\n\n"" b"\n', 0),
    (b'text\na 5" pipe\n"b\n\nc"\n', 0),
]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize(("content", "line"), FILES)
def test_empty_lines_of_one_column(content: bytes, line: int, size: int) -> None:
    """Between two rows they are refused, wherever the chunks begin; not at the ends, or in a cell.

    Excel, polars and R write an empty text so: without it, all later rows would have the numbers,
    and so the scores, of others.
    """
    upload = CsvUpload()

    def feed() -> None:
        for at in range(0, len(content), size):
            upload.feed(content[at : at + size])
        upload.layout(InputColumns((upload.finish()[0],)))

    if line:
        with pytest.raises(EmptyLine, match=f"Line {line} is empty"):
            feed()
    else:
        feed()


def test_the_answer_says_what_to_do(service: Service) -> None:
    """A job and a dry run are refused alike; with several columns an empty line is no row."""
    for path in ("/jobs", "/jobs?validate=true"):
        answer = service.client.post(path, data=FILES[0][0], content_type="text/csv")
        assert 'Write an empty text as ""' in problem(answer, 422, "empty-line")
    accepted = service.submit(b"ref,text\n1,a\n\n2,b\n")
    service.work()
    assert service.client.get(accepted.location).json["rows"]["completed"] == 2
