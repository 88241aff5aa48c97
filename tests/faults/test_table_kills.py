"""Kill -9 of workers that score a table: each row once, with the outputs of its own model."""

import io
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.faulty import at_random
from support.four_models import Fitted, titanic
from support.object_storage import ON_BOTH_APART
from support.programs import Programs, programs

pytestmark = pytest.mark.faults

Measured = Callable[[str], None]

ROWS = 400_000
KILLS = 6
#: Parts so small that the job has some hundred of them, and leases that soon expire.
SHORT = {
    "part_seconds": "0.1",
    "min_part_rows": "1000",
    "lease_seconds": "3",
    "reconcile_seconds": "1",
    "heartbeat_seconds": "1",
}

#: Every row of this many has a cell that cannot be read.
BAD_EVERY = 1_013


def many_rows(model: Fitted) -> tuple[pd.DataFrame, pd.Series]:
    """Rows that differ, with cells of all kinds, and the errors by row; empty: a good row."""
    random = np.random.default_rng(5)
    rows = pd.DataFrame(
        {
            "Pclass": random.integers(1, 4, ROWS),
            "Sex": pd.Series(random.choice(["male", "female"], ROWS), dtype=object),
            "Age": pd.Series(random.integers(1, 160, ROWS) / 2).where(random.random(ROWS) > 0.2),
            "Fare": random.gamma(2.0, 15.0, ROWS),
            "Embarked": pd.Series(random.choice(["C", "Q", "S"], ROWS), dtype=object),
        }
    )
    errors = pd.Series("", index=rows.index)
    errors[BAD_EVERY - 1 :: BAD_EVERY] = model.bad[2]
    return rows, errors


def csv_of(model: Fitted, rows: pd.DataFrame, errors: pd.Series) -> bytes:
    column, cell, _ = model.bad
    sent = rows.astype({column: object})
    sent.loc[errors != "", column] = cell
    return sent.to_csv(index=False).encode()


def check(model: Fitted, found: pd.DataFrame, rows: pd.DataFrame, errors: pd.Series) -> None:
    """Check that every row came back once, in its place, with the estimator's own outputs."""
    assert found["ref"].tolist() == list(range(1, ROWS + 1))
    assert found["error"].tolist() == errors.tolist()
    good = errors == ""
    expected = model.outputs(rows)
    for name in expected:
        assert found[name][~good].isna().all()
        assert (found[name][good] - expected[name][good]).abs().max() < 1e-12


def summary_of(service: Programs, location: str) -> dict[str, Any]:
    summary = service.client.get(f"{location}/summary").json()
    return {name: summary[name] for name in ("rows", "outputs", "errors")}


def check_summary(found: dict[str, Any], calm: dict[str, Any]) -> None:
    """Check that two summaries are equal; the order of the parts decides a mean's last digit."""
    means = [[one.pop("mean", 0) for one in summary["outputs"]] for summary in (found, calm)]
    assert means[0] == pytest.approx(means[1], rel=1e-13)
    assert found == calm


@ON_BOTH_APART
def test_kills_while_a_table_is_scored(
    tmp_path: Path, sockets: Path, stored: Mapping[str, str], measured: Measured
) -> None:
    """Six kills during a job of a table lose no row, and its summary is that of a calm job."""
    model = titanic()
    models = tmp_path / "models"
    models.mkdir()
    model.add(models)
    rows, errors = many_rows(model)
    upload = csv_of(model, rows, errors)
    own = Path(tempfile.mkdtemp(dir=sockets))
    settings = {"serve": model.name, "models_dir": str(models), "processes": "1"}
    with programs(tmp_path, own, env=dict(stored), **settings, **SHORT) as service:
        workers = [service.start_worker(), service.start_worker()]
        service.wait_ready()
        location = service.submit(upload)
        for number, row in enumerate(at_random(ROWS * 8 // 10, KILLS, seed=2)):
            service.wait_for_rows(location, row)
            service.kill_in_turn(workers, number)
        job = service.wait_for_end(location)
        assert job["state"] == "succeeded", job["error"]
        failed = int((errors != "").sum())
        assert job["rows"] == {"total": ROWS, "completed": ROWS - failed, "failed": failed}
        content = service.client.get(f"{location}/results").content
        found = pd.read_csv(
            io.BytesIO(content),
            keep_default_na=False,
            na_values={name: [""] for name in model.outputs(rows.head(1))},
        )
        check(model, found, rows, errors)

        calm = service.submit(upload)
        assert service.wait_for_end(calm)["state"] == "succeeded"
        check_summary(summary_of(service, location), summary_of(service, calm))
        assert service.client.get(f"{calm}/results").content == content
    measured(f"{KILLS} kills, 0 rows lost")
