"""`train` and `evaluate` take labelled files of any columns, delimiter and charset."""

import json
from pathlib import Path

from support.commands import run


def test_train_and_evaluate_name_columns(tmp_path: Path, monkeypatch) -> None:
    """The options of both commands say how the same file is read; without them it is refused."""
    monkeypatch.setenv("COLUMNS", "30")
    rows = "".join(f"très bien {n};1.0\npas bon {n};0.0\n" for n in range(60))
    data = tmp_path / "with a space.csv"
    data.write_bytes(f"review;is good\n{rows}".encode("latin-1"))
    reading = ("--text-column", "review", "--label-column", "is good")
    reading += ("--delimiter", ";", "--charset", "latin-1")
    model = ("--name", "m", "--output", str(tmp_path), "--no-report")
    refused = run("train", str(data), *model, "--delimiter", ";", "--charset", "latin-1")
    assert refused.exit_code == 2
    assert "no column 'text'" in refused.stderr
    assert "--text-column" in refused.stderr
    trained = run("train", str(data), *model, *reading)
    assert trained.exit_code == 0, trained.output
    measured = run("evaluate", str(data), "--model", str(tmp_path / "m"), *reading, "--json")
    assert json.loads(measured.stdout)["models"][0]["rows"] == 120
    shown = run("evaluate", str(data), "--model", str(tmp_path / "m"), *reading)
    assert trained.stdout.split()[0] in shown.stdout
