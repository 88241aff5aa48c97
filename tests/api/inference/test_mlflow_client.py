"""MLflow's own client gets predictions from `/invocations`."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
from support.in_memory import Service
from support.live import live
from support.table_rows import EXPECTED, ROWS


@pytest.fixture
def client(table: Service) -> Iterator[ScoringServerClient]:
    with live(table.app) as port:
        yield ScoringServerClient("127.0.0.1", port)


def test_health(client: ScoringServerClient) -> None:
    """The client finds the service ready, and reads its version."""
    client.wait_server_ready(timeout=10)
    assert client.get_version()


def test_a_frame(client: ScoringServerClient) -> None:
    """A DataFrame with missing values, which the client writes as NaN."""
    frame = pd.DataFrame(ROWS)
    assert frame["age"].isna().any()
    assert list(client.invoke(frame)["predictions"]) == EXPECTED
    found = client.invoke(frame).get_predictions()
    assert found["fare"].tolist() == [row["fare"] for row in EXPECTED]


def test_an_array(client: ScoringServerClient) -> None:
    """A NumPy array has its columns in the order of the signature."""
    rows = np.array([list(row.values()) for row in ROWS], dtype=object)
    assert list(client.invoke(rows)["predictions"]) == EXPECTED


def test_a_json_frame(client: ScoringServerClient) -> None:
    """What pandas writes with `to_json(orient="split")` is a `dataframe_split`."""
    text = pd.DataFrame(ROWS).to_json(orient="split")
    assert list(client.invoke(f'{{"dataframe_split": {text}}}')["predictions"]) == EXPECTED


def test_a_bad_row(client: ScoringServerClient) -> None:
    """The client raises with the message that names the row."""
    frame = pd.DataFrame([ROWS[0], ROWS[1] | {"sex": None}])
    with pytest.raises(Exception, match="Row 2 cannot be scored: sex is missing"):
        client.invoke(frame)
