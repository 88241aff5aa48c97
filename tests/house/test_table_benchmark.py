"""The benchmark of tables: its rows, its models, and its comparison with the script."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import customers, table_parts, tables
from benchmarks.references import table_script
from shared.model import load_model

RESULT = "ref,label,probability_no,probability_yes,error\n1,no,0.75,0.25,\n2,yes,0.25,0.75,\n"
SCRIPT = "ref,label,probability_no,probability_yes\n1,no,0.75,0.25\n2,yes,0.25,0.75\n"


def test_the_same_seed_gives_the_same_rows(tmp_path: Path) -> None:
    """The same seed gives the same rows, fewer are the beginning of more, and some have gaps."""
    frame = customers.rows(300, seed=3)
    pd.testing.assert_frame_equal(frame, customers.rows(500, seed=3).head(300))
    assert not frame.equals(customers.rows(300, seed=4))
    assert frame[list(customers.MISSING)].isna().any().all()
    customers.write_csv(tmp_path / "rows.csv", 300, seed=3)
    written = pd.read_csv(tmp_path / "rows.csv")
    assert written.pop("ref").tolist() == list(range(1, 301))
    pd.testing.assert_frame_equal(written, frame)


@pytest.mark.parametrize("name", ["logistic", "ridge"])
def test_a_model_scores_as_the_script_does(name: str, tmp_path: Path) -> None:
    """The model that is added has the types of the columns, and the values of the script."""
    (tmp_path / "models").mkdir()
    pickle = customers.fit(name, tmp_path, tmp_path / "models")
    customers.write_csv(tmp_path / "rows.csv", 200, seed=1)
    table_script.main(
        str(tmp_path / "rows.csv"), str(tmp_path / "theirs.csv"), str(pickle), processes=1
    )
    frame = customers.rows(200, seed=1)
    frame[["months", "logins"]] = frame[["months", "logins"]].astype(float)
    found = load_model(tmp_path / "models" / name).score(frame)
    found.insert(0, "ref", range(1, 201))
    found["error"] = None
    found.to_csv(tmp_path / "ours.csv", index=False)
    assert tables.differences(tmp_path / "ours.csv", tmp_path / "theirs.csv") == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2,yes,0.25,0.75,\n", "", "1 rows came back of 2"),
        ("2,yes", "3,yes", "ref of row 2 is 3, and not 2"),
        ("2,yes", "2,no", "label of row 2 is no, and not yes"),
        ("1,no,0.75", "1,no,0.75000000001", "probability_no of row 1"),
        ("0.25,0.75,\n", ",,broken\n", "row 2 has an error: broken"),
        (",error", ",why", "the columns are ref, label"),
    ],
)
def test_a_wrong_value_is_found(tmp_path: Path, old: str, new: str, message: str) -> None:
    """A row that is missing, misplaced, wrong or an error is found; equal files differ in none."""
    ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.csv"
    theirs.write_text(SCRIPT)
    ours.write_text(RESULT)
    assert tables.differences(ours, theirs) == []
    ours.write_text(RESULT.replace(old, new))
    (found,) = tables.differences(ours, theirs)
    assert found.startswith(message)


def test_a_part_is_scored_as_by_the_script(tmp_path: Path) -> None:
    """The steps of a part that are measured give the script's rows, and each step has a time."""
    (tmp_path / "models").mkdir()
    customers.write_csv(tmp_path / "customers.csv", 300, seed=1)
    table = table_parts.measured("linear", tmp_path, rows=300, rounds=1)
    assert table.wrong == []
    assert [row.what for row in table.rows][:3] == ["in all", "reading", "the DataFrame"]
    assert (tmp_path / "ours.csv").read_text().count("\n") == 301
