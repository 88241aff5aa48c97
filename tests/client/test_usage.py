"""The clients' `usage`."""

from datetime import date
from typing import Any

import pytest

from scorelane.client.errors import BadRequest


def test_usage(client: Any) -> None:
    """Both clients sum up usage by what they are asked for, in the days that they are asked for."""
    client.submit(b"ref,text\n1,hello\n2,\n", labels={"team": "growth"}).wait(timeout=10)
    found = client.usage(["label"], first=date(2026, 1, 1), last="2030-01-01")
    [line] = found["usage"]
    assert (line["label"], line["value"], line["rows"], line["errors"]) == ("team", "growth", 2, 1)
    assert client.usage("owner,key")["total"]["rows"] == 2
    assert client.usage(last="2020-01-01")["usage"] == []
    with pytest.raises(BadRequest, match="some of day, owner"):
        client.usage("week")
