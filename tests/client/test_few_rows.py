"""`sentiment`: a few rows in one request, through both clients."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pandas as pd
import polars
import pytest
from support.transports import Script

from scorelane.client.errors import (
    InvalidSource,
)


@pytest.mark.parametrize(
    "rows",
    [
        {"ref": ["007", 7], "text": ["hello", "hello"]},
        {"ref": np.array(["007", "7"]), "text": ("hello", "hello"), "more": [b"x", b"y"]},
        pd.DataFrame({"ref": ["007", 7], "text": "hello", "more": [b"x", object()]}),
        polars.DataFrame({"ref": ["007", "7"], "text": ["hello", "hello"]}),
        {"ref": {"0": "007", "1": "7"}, "text": {"0": "hello", "1": "hello"}},
    ],
    ids=["lists", "arrays", "pandas", "polars", "mappings"],
)
def test_a_few_rows_at_once(connected: Callable[..., Any], rows: Any) -> None:
    """`sentiment` takes columns of any kind, and sends those of references and texts."""
    script = Script(httpx.Response(200, json=[]))
    assert connected(script).sentiment(rows) == []
    [sent] = [json.loads(request.content) for request in script.requests]
    assert list(sent) == ["ref", "text"]
    columns = [list(one.values()) if isinstance(one, dict) else one for one in sent.values()]
    assert [str(ref) for ref in columns[0]] == ["007", "7"]
    assert columns[1] == ["hello", "hello"]


def test_a_few_rows_that_cannot_be_sent(connected: Callable[..., Any]) -> None:
    """The error names the row. The service itself refuses rows without texts."""
    script = Script(httpx.Response(200, json=[]))
    client = connected(script)
    for cell in (b"Good", ["Good"], "\ud800"):
        with pytest.raises(InvalidSource, match="Row 2 cannot be sent: in column 'text'"):
            client.sentiment({"text": ["hello", cell]})
    with pytest.raises(TypeError, match="list has no columns"):
        client.sentiment([{"text": "hello"}])
    assert script.requests == []
    for rows in ({"review": ["hello"]}, {"text": "hello"}):
        client.sentiment(rows)
        assert json.loads(script.requests[-1].content) == rows
