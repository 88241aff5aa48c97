"""The cells of a DataFrame: which are sent, how they come back, and which are refused."""

from decimal import Decimal
from typing import Any

import pandas as pd
import polars
import pyarrow as pa
import pytest
from support.doubles.length_model import length_score
from support.transports import Working

from scorelane.client.errors import InvalidSource
from scorelane.client.frames import SLICE_ROWS


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (b"Good", "not a string but of type bytes. Decode it"),
        (["Good"], "of type list. Convert it"),
        ({"a": 1}, "of type dict"),
        (True, "of type bool"),
        (5, "of type int"),
        (1.5, "of type float"),
        ("\ud800", "surrogates not allowed"),
    ],
)
def test_cells_that_are_no_texts(client: Any, cell: Any, message: str) -> None:
    """They are refused with the row and the column, and no job is made."""
    text = pd.Series(["hello", None, cell], dtype=object, index=["x", "x", "y"])
    for send in (client.score, client.submit):
        with pytest.raises(ValueError, match=f"Row 3 .*in column 'text', .*{message}"):
            send(pd.DataFrame({"text": text}))
    assert list(client.jobs()) == []


def test_nothing_is_sent_of_a_frame_with_a_bad_cell(client: Any, working: Working) -> None:
    """All cells are checked first, however many slices the frame is sent in."""
    texts = pd.Series(["hello"] * (SLICE_ROWS + 1) + [b"hello"], dtype=object)
    binary = polars.DataFrame({"text": [None, b"hello"]})
    with pytest.raises(
        InvalidSource, match=f"Row {SLICE_ROWS + 2} .index {SLICE_ROWS + 1}. cannot"
    ):
        client.submit(pd.DataFrame({"text": texts}))
    with pytest.raises(InvalidSource, match="in column 'text', the text is not a string"):
        client.submit(binary)
    assert working.requests == []


@pytest.mark.parametrize(
    "texts",
    [
        pd.Series([1, 2]),
        pd.Series([True, False]),
        pd.Series([1, 2], dtype="Int64"),
        pd.Series([5, 6], dtype="category"),
        pd.Series(pd.to_datetime(["2026-01-01", None])),
        pd.Series([b"a", None], dtype=pd.ArrowDtype(pa.binary())),
        pd.Series([["a"], None], dtype=pd.ArrowDtype(pa.list_(pa.string()))),
    ],
    ids=lambda texts: str(texts.dtype),
)
def test_columns_of_no_texts(client: Any, texts: Any) -> None:
    """Each kind of column is recognised, whatever holds its values."""
    with pytest.raises(ValueError, match=r"Row 1 .*in column 'text', the text is not a string"):
        client.score(pd.DataFrame({"text": texts}))


@pytest.mark.parametrize(
    "dtype",
    [
        None,
        object,
        "string",
        "category",
        pd.ArrowDtype(pa.string()),
        pd.ArrowDtype(pa.large_string()),
        pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())),
    ],
    ids=str,
)
def test_columns_of_texts(client: Any, dtype: Any) -> None:
    """Texts are scored whatever holds them, missing ones get an error, and refs stay as typed."""
    cells = pd.Series(["007", "NA", None, "1.10", "null"], dtype=dtype)
    frame = pd.DataFrame({"ref": cells, "text": cells})
    frame.index = pd.Index([3, 3, 1, 1, 0])
    scored = client.score(frame)
    expected = [length_score(text) if text else -1 for text in ("007", "NA", "", "1.10", "null")]
    assert scored["Sentiment_Score"].fillna(-1).tolist() == expected
    pd.testing.assert_frame_equal(scored[["ref", "text"]], frame)
    found = client.submit(frame).wait().as_frame()
    assert found["ref"].tolist() == ["007", "NA", "", "1.10", "null"]


def test_references_keep_their_digits(client: Any) -> None:
    """Numbers stay what they are, one by one, and what has no plain form is refused."""
    for refs, expected in [
        (pd.Series([1, 2**62], dtype="int64"), ["1", str(2**62)]),
        (pd.Series([1, None], dtype="Int64"), ["1", ""]),
        (pd.Series([10**30, "1.10"], dtype=object), [str(10**30), "1.10"]),
        (pd.Series([1, 1.5], dtype=object), ["1", "1.5"]),
        (pd.Series([0.1, None], dtype="float32"), ["0.1", ""]),
        (pd.Series([Decimal("1.10"), None], dtype=object), ["1.10", ""]),
        (
            pd.Series([Decimal("1.10"), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
            ["1.10", ""],
        ),
        (pd.Series([7, 7], dtype="category"), ["7", "7"]),
    ]:
        found = client.submit(pd.DataFrame({"ref": refs, "text": "hello"})).wait().as_frame()
        assert found["ref"].tolist() == expected
    for cell in (b"7", ["7"], {"a": 7}, {7}, object()):
        refs = pd.Series(["1", cell], dtype=object)
        with pytest.raises(ValueError, match=r"Row 2 .*in column 'ref', .*of type"):
            client.submit(pd.DataFrame({"ref": refs, "text": "hello"}))


def test_carried_cells(client: Any) -> None:
    """Lists and dicts come back as JSON, as from rows of dicts; bytes are refused."""
    cells = [["a", 1, None], {"b": 1.5}, "x", float("inf"), None]
    frame = pd.DataFrame({"text": "hello", "cell": pd.Series(cells, dtype=object)})
    expected = ['["a", 1, null]', '{"b": 1.5}', "x", "inf", ""]
    assert client.submit(frame, columns=["cell"]).wait().as_frame()["cell"].tolist() == expected
    rows = frame.to_dict("records")
    assert client.submit(rows, columns=["cell"]).wait().as_frame()["cell"].tolist() == expected
    with pytest.raises(ValueError, match=r"Row 1 .*in column 'cell', it is of type bytes"):
        client.submit(pd.DataFrame({"text": ["hello"], "cell": [b"x"]}), columns=["cell"])
