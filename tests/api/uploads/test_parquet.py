"""Uploads of Parquet, packed or not, and which of them are refused."""

import gzip
from typing import Any

import pyarrow as pa
import pytest
from support.in_memory import Service, make_service
from support.problems import refused
from support.uploads import check, parquet

from shared.config.settings import Settings


def send_parquet(service: Service, content: bytes, **options: str) -> Any:
    return service.client.post(
        "/jobs",
        data=content,
        content_type="application/vnd.apache.parquet",
        query_string=options,
    )


@pytest.mark.parametrize("packed", [False, True])
def test_parquet(service: Service, packed: bool) -> None:
    """Packed as a whole or not; the number of rows is exact."""
    body = gzip.compress(parquet()) if packed else parquet()
    accepted = service.client.post(
        "/jobs",
        data=body,
        content_type="application/vnd.apache.parquet",
        headers={"Content-Encoding": "gzip"} if packed else {},
    )
    check(service, accepted)
    assert service.store.get(accepted.json["id"]).spec.about_rows == 3


def test_values_of_parquet_that_are_no_texts(service: Service) -> None:
    """Each is an error in its row; refs become text, and a missing ref the row's number."""
    sent = send_parquet(service, parquet(id=[7, None], text=[1, 2]), ref_column="id")
    rows = service.rows_of(sent)
    assert [(row["ref"], row["error"]) for row in rows] == [
        ("7", "the text is not a string but 1"),
        ("2", "the text is not a string but 2"),
    ]
    rows = service.rows_of(send_parquet(service, parquet(text=["a", None, ""])))
    assert [(row["ref"], row["error"]) for row in rows] == [
        ("1", None),
        ("2", "the text is missing"),
        ("3", "the text is empty"),
    ]


def test_parquet_that_is_refused_whole(service: Service) -> None:
    """There is no job without a valid file, texts and rows, and nothing is kept."""
    for content, code, expected in (
        (b"ref,text\n1,a\n", "bad-parquet", "does not begin"),
        (parquet()[:-20], "bad-parquet", "cut off"),
        (b"PAR1" + b"x" * 200 + b"\x40\0\0\0PAR1", "bad-parquet", "cannot be read"),
        (parquet(review=["a"]), "no-such-column", "found: review"),
        (parquet(text=pa.array([], pa.string())), "no-rows", "no row in it"),
    ):
        assert expected in refused(service, send_parquet(service, content), 422, code)
    answer = send_parquet(service, parquet(), charset="latin-1")
    assert "names its encoding itself" in refused(service, answer, 400, "bad-option")
    answer = send_parquet(service, parquet(), delimiter="tab")
    assert "only a CSV" in refused(service, answer, 400, "bad-option")


def test_parquet_of_more_rows_than_a_job_may_have(settings: Settings) -> None:
    """The footer has the number of rows, so there is no job."""
    service = make_service(settings.model_copy(update={"max_rows": 2}))
    answer = send_parquet(service, parquet())
    assert "2 rows" in refused(service, answer, 413, "too-large")
