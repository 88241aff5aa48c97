"""Cells of tables: how values of frames are sent, and how results of each type are read."""

import datetime
import io
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars
import pytest

from scorelane.client.errors import InvalidSource
from scorelane.client.frame_results import read_results, with_results
from scorelane.client.signature import Column, Signature
from scorelane.client.sources import upload_of

#: Values of each type, as frames hold them, and the cells that the service gets.
CELLS: list[tuple[str, Any, list[str]]] = [
    ("double", pd.Series([0.1, None], dtype="float32"), ["0.10000000149011612", ""]),
    ("double", pd.Series([1, None], dtype="Int64"), ["1", ""]),
    ("double", pd.Series([np.float32(0.1), 2], dtype=object), ["0.10000000149011612", "2"]),
    ("double", pd.Series([Decimal("1.5"), None], dtype=object), ["1.5", ""]),
    ("double", pd.Series([0.1 + 0.2, 1e300]), ["0.30000000000000004", "1e+300"]),
    ("long", pd.Series([2**62 + 1, None], dtype="Int64"), [str(2**62 + 1), ""]),
    ("long", pd.Categorical([3, 1]), ["3", "1"]),
    ("boolean", pd.Series([True, None], dtype="boolean"), ["True", ""]),
    ("boolean", pd.Series([True, None], dtype=object), ["True", ""]),
    ("string", pd.Categorical(["a", None]), ["a", ""]),
    ("string", pd.Series(["NA", pd.NA], dtype="string"), ["NA", ""]),
    (
        "datetime",
        pd.to_datetime(pd.Series(["2026-01-01T10:00:00.123456789", None])),
        ["2026-01-01 10:00:00.123456789", ""],
    ),
    ("datetime", pd.Series([datetime.date(2026, 1, 1), None]), ["2026-01-01", ""]),
]


@pytest.mark.parametrize(("kind", "values", "cells"), CELLS)
def test_cells_of_a_frame(kind: str, values: Any, cells: list[str]) -> None:
    """A value is sent exactly: as the service reads it, it equals the value in the frame."""
    signature = Signature((Column("x", kind, required=False), Column("y", "long")), ())
    frame = pd.DataFrame({"x": values, "y": 1})
    content = b"".join(upload_of(frame, None, {}, signature).chunks()).decode()
    assert content.split("\r\n")[1:3] == [f"{cell},1" for cell in cells]


@pytest.mark.parametrize("value", [3, 3.0, b"x", datetime.date(2026, 1, 1)])
def test_texts_of_a_table_are_texts(value: Any) -> None:
    """A number in a column of texts could become another text (`3.0`), so it is refused."""
    signature = Signature((Column("x", "string"), Column("y", "long")), ())
    with pytest.raises(InvalidSource, match=r"Row 1 .*in column 'x'.*not a string but of type"):
        upload_of(
            pd.DataFrame({"x": pd.Series([value], dtype=object), "y": 1}), None, {}, signature
        )


def test_results_of_every_type() -> None:
    """Texts are kept as they are, whole numbers exact, and what is missing is missing."""
    outputs = [
        Column("s,", "string"), Column("n", "long"), Column("b", "boolean"), Column("d", "double")
    ]  # fmt: skip
    content = (
        b'ref,"s,",n,b,d,error,s\n'
        b"1,'=x,9223372036854775807,true,0.30000000000000004,,'-a\n2,,,,,bad,\n3,,-5,false,1e300,,\n"
    )
    frame = read_results(io.BytesIO(content), outputs)
    assert [str(one) for one in frame.dtypes.iloc[2:5]] == ["Int64", "boolean", "float64"]
    found = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    assert found == [
        ["1", "=x", 2**63 - 1, True, 0.1 + 0.2, None, "-a"],
        ["2", None, None, None, None, "bad", ""],
        ["3", "", -5, False, 1e300, None, ""],
    ]
    by_polars = with_results(polars.DataFrame({"x": [1, 2, 3]}), io.BytesIO(content), outputs)
    assert [list(row) for row in by_polars.rows()] == [
        [at, *row[1:6]] for at, row in enumerate(found, 1)
    ]
    with pytest.raises(Exception, match="'n' is not of the type boolean"):
        read_results(io.BytesIO(content), [outputs[0], Column("n", "boolean"), *outputs[2:]])
    with pytest.raises(Exception, match="not results"):
        read_results(io.BytesIO(content))
