"""Clients of model servers get the estimator's own numbers from the real service.

Each client is a program of `tests/programs/clients`, in the environment where its library is.
"""

import pandas as pd
import pytest
from support.clients import run_client
from support.four_models import Fitted
from support.programs import Programs

#: The program of a client -> the environment with its library.
OPEN_INFERENCE = {"kserve_client": "clients", "mlserver_client": "mlserver", "triton": "mlserver"}
#: A pandas dtype's kind -> the datatype of a tensor.
DATATYPES = {"f": "FP64", "i": "INT64", "b": "BOOL", "O": "BYTES"}


@pytest.fixture(params=["titanic", "price"])
def model(request: pytest.FixtureRequest, fitted: dict[str, Fitted]) -> Fitted:
    """One of the models."""
    return fitted[request.param]


def good_rows(model: Fitted) -> pd.DataFrame:
    """Rows with missing numbers, but no missing word, for which tensors of bytes have no value."""
    rows = model.rows[model.rows.select_dtypes(object).notna().all(axis=1)].head(50)
    return rows.reset_index(drop=True)


def columns(rows: pd.DataFrame) -> list[dict]:
    """The columns of a frame in JSON, with their datatypes; NaN is a missing number."""
    return [
        {"name": name, "datatype": DATATYPES[cells.dtype.kind], "data": cells.tolist()}
        for name, cells in rows.items()
    ]


def check(model: Fitted, rows: pd.DataFrame, found: dict[str, list]) -> None:
    expected = model.outputs(rows)
    assert set(found) == set(expected)
    for name, cells in expected.items():
        assert found[name] == pytest.approx(cells.tolist(), rel=1e-12, abs=1e-12), name


@pytest.mark.parametrize(("program", "environment"), OPEN_INFERENCE.items())
def test_open_inference(serving: Programs, model: Fitted, program: str, environment: str) -> None:
    """A client of the Open Inference Protocol finds the model ready, and gets all its outputs."""
    rows = good_rows(model)
    answer = run_client(environment, program, str(serving.port), model.name, given=columns(rows))
    assert answer["ready"] is True
    check(model, rows, answer["outputs"])


@pytest.mark.parametrize(("program", "environment"), OPEN_INFERENCE.items())
def test_open_inference_with_a_bad_row(
    serving: Programs, fitted: dict[str, Fitted], program: str, environment: str
) -> None:
    """The client's own exception has the service's message, which names the row."""
    rows = good_rows(fitted["price"])
    rows.loc[1, "area"] = float("nan")
    answer = run_client(environment, program, str(serving.port), "price", given=columns(rows))
    assert "Row 2 cannot be scored: area is missing" in answer["refused"]


@pytest.mark.parametrize("form", ["frame", "array"])
def test_mlflow(serving: Programs, fitted: dict[str, Fitted], form: str) -> None:
    """MLflow's client gets predictions for a frame, and for an array in the signature's order."""
    rows = good_rows(fitted["price"])
    answer = run_client("clients", "mlflow_client", str(serving.port), form, given=columns(rows))
    check(fitted["price"], rows, {"prediction": answer["predictions"]})


def test_mlflow_with_a_bad_row(serving: Programs, fitted: dict[str, Fitted]) -> None:
    """MLflow's client raises with the service's message."""
    rows = good_rows(fitted["price"])
    rows.loc[1, "area"] = float("nan")
    answer = run_client("clients", "mlflow_client", str(serving.port), "frame", given=columns(rows))
    assert "Row 2 cannot be scored: area is missing" in answer["refused"]
