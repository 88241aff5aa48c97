"""Four models of different kinds, each by every way in, with a bad row in the middle.

Every output of every row is compared with the estimator's own `predict` and `predict_proba`.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.four_models import Fitted, price, tags, titanic, topics
from support.programs import ROOT, Programs, programs

from scorelane import Client

pytestmark = pytest.mark.stack

CSV, NDJSON, PARQUET = "text/csv", "application/x-ndjson", "application/vnd.apache.parquet"
MAKERS = {"titanic": titanic, "price": price, "topics": topics, "tags": tags}


@pytest.fixture(scope="module")
def fitted() -> dict[str, Fitted]:
    """The estimators, by the names of their models."""
    return {name: make() for name, make in MAKERS.items()}


@pytest.fixture(scope="module")
def serving(
    fitted: dict[str, Fitted], tmp_path_factory: pytest.TempPathFactory, sockets: Path
) -> Iterator[Programs]:
    """The service with all four models, as `add-model` has added them."""
    folder = tmp_path_factory.mktemp("any")
    models = folder / "models"
    models.mkdir()
    for one in fitted.values():
        one.add(models)
    own = Path(tempfile.mkdtemp(dir=sockets))
    served = ",".join(fitted)
    with programs(folder, own, serve=served, models_dir=str(models), processes="1") as running:
        running.start_worker()
        running.wait_ready()
        yield running


@pytest.fixture(params=list(MAKERS))
def model(request: pytest.FixtureRequest, fitted: dict[str, Fitted]) -> Fitted:
    """One of the models."""
    return fitted[request.param]


def check(model: Fitted, found: pd.DataFrame) -> None:
    """Check all outputs of all rows of `model.bad_rows`, and the error of the bad one.

    Args:
        model: the model.
        found: the results, with missing outputs and errors as NaN or None.
    """
    good = model.rows.drop(index=model.middle)
    expected = model.outputs(good).set_index(good.index)
    assert len(found) == len(model.rows)
    assert set(expected) <= set(found.columns)
    errors = found["error"].where(found["error"].notna(), "")
    assert errors.drop(model.middle).eq("").all()
    assert errors[model.middle] == model.bad[2]
    for name in expected:
        assert pd.isna(found[name][model.middle])
        values = found[name].drop(model.middle)
        if not pd.api.types.is_numeric_dtype(expected[name]):
            assert values.tolist() == expected[name].tolist()
        else:
            scale = max(1.0, float(expected[name].abs().max()))
            numbers = values.astype(float)
            assert (numbers - expected[name]).abs().max() <= 1e-12 * scale, name


def csv_of(rows: pd.DataFrame) -> bytes:
    return rows.to_csv(index=False).encode()


def records_of(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return rows.to_dict("records")


def options_of(model: Fitted) -> dict[str, str]:
    """The options of a job that gets all outputs."""
    return {"model": model.name} | ({"outputs": ",".join(model.request)} if model.request else {})


def read(content: bytes, kind: str) -> pd.DataFrame:
    """The results in a format; only an empty cell of a CSV is missing."""
    if kind == "csv":
        return pd.read_csv(
            io.BytesIO(content),
            keep_default_na=False,
            na_values=[""],
        )
    if kind == "ndjson":
        return pd.DataFrame([json.loads(line) for line in content.splitlines()])
    return pd.read_parquet(io.BytesIO(content))


def test_bulk_job(serving: Programs, model: Fitted) -> None:
    """A CSV comes back in every format, also as the rows with errors and as a summary."""
    location = serving.submit(csv_of(model.bad_rows), **options_of(model))
    job = serving.wait_for_end(location)
    count = len(model.rows)
    assert job["rows"] == {"total": count, "completed": count - 1, "failed": 1}, job["error"]
    for kind in ("csv", "ndjson", "parquet"):
        answer = serving.client.get(f"{location}/results", params={"format": kind})
        check(model, read(answer.content, kind))
    [error] = serving.client.get(f"{location}/errors").json()["errors"]
    assert (error["row"], error["error"]) == (model.middle + 1, model.bad[2])
    summary = serving.client.get(f"{location}/summary").json()
    assert {one["count"] for one in summary["outputs"]} == {count - 1}


def test_small_job(serving: Programs, model: Fitted) -> None:
    """Records in JSON are answered at once, as a page of JSON."""
    answer = serving.client.post(
        "/jobs",
        json=records_of(model.bad_rows),
        params=options_of(model),
        headers={"Prefer": "wait=30"},
    )
    assert answer.status_code == 200, answer.text
    check(model, pd.DataFrame(answer.json()["rows"]))


def test_score(serving: Programs, model: Fitted) -> None:
    """`POST /score` gives all outputs while the client waits."""
    answer = serving.client.post(
        "/score", json=records_of(model.bad_rows), params=options_of(model)
    )
    assert answer.status_code == 200, answer.text
    check(model, pd.DataFrame(answer.json()))


def test_invocations(serving: Programs, model: Fitted) -> None:
    """MLflow's address gives all outputs; a bad row fails the request unless rows have errors."""
    body = {"dataframe_records": records_of(model.bad_rows)}
    refused = serving.client.post("/invocations", json=body, params=options_of(model))
    assert refused.status_code == 400
    assert f"Row {model.middle + 1} cannot be scored: {model.bad[2]}." in refused.json()["message"]
    answer = serving.client.post(
        "/invocations", json=body, params={**options_of(model), "errors": "rows"}
    )
    assert answer.status_code == 200, answer.text
    check(model, pd.DataFrame(answer.json()["predictions"]))


def test_open_inference(serving: Programs, model: Fitted) -> None:
    """`/v2` names the bad row, as it has no place for its error; the other rows get all outputs."""
    described = serving.client.get(f"/v2/models/{model.name}").json()

    def infer(rows: pd.DataFrame) -> Any:
        tensors = [
            {
                "name": one["name"],
                "datatype": one["datatype"],
                "shape": [len(rows)],
                "data": rows[one["name"]].tolist(),
            }
            for one in described["inputs"]
        ]
        body = {
            "inputs": tensors,
            "outputs": [{"name": one["name"]} for one in described["outputs"]],
        }
        return serving.client.post(f"/v2/models/{model.name}/infer", json=body)

    rows = model.bad_rows
    refused = infer(rows)
    assert refused.status_code == 400
    assert f"Row {model.middle + 1} cannot be scored: {model.bad[2]}." in refused.json()["error"]
    answer = infer(rows.drop(index=model.middle))
    assert answer.status_code == 200, answer.text
    found = pd.DataFrame({one["name"]: one["data"] for one in answer.json()["outputs"]})
    found = found.set_index(rows.index.drop(model.middle)).reindex(rows.index)
    found["error"] = ""
    found.loc[model.middle, "error"] = model.bad[2]
    check(model, found)


def test_command_line(serving: Programs, model: Fitted, tmp_path: Path) -> None:
    """`scorelane score` writes the outputs of every row, and shows the first error."""
    (tmp_path / "rows.csv").write_bytes(csv_of(model.bad_rows))
    main = "from scorelane.commands.main import main; main()"
    url = str(serving.client.base_url)
    options = ["-o", "out.csv", "--url", url, "--model", model.name, "--outputs", "all"]
    ended = subprocess.run(
        [sys.executable, "-c", main, "score", "rows.csv", *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert f"{len(model.rows) - 1} scored, 1 with an error" in ended.stdout
    assert model.bad[2] in ended.stdout
    check(model, read((tmp_path / "out.csv").read_bytes(), "csv"))


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_client(serving: Programs, model: Fitted, timeout: float | None) -> None:
    """The Python client adds the outputs to a frame, by one request and by a job."""
    with Client(str(serving.client.base_url)) as client:
        found = client.score(model.bad_rows, model=model.name, outputs="all", timeout=timeout)
    check(model, found)
