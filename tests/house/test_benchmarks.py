"""The parts of the benchmarks: texts, turns, tables, and correctness checks."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from benchmarks import bulk, reviews, scoring
from benchmarks.__main__ import main
from benchmarks.peers import environments
from benchmarks.report import BadUse, Options, Table, faster, figure, interleave, quicker, within
from shared.model import SCORE


def test_the_same_seed_gives_the_same_texts() -> None:
    """The same seed gives the same texts, and a shorter list is the beginning of a longer one."""
    assert reviews.texts(300, seed=3) == reviews.texts(500, seed=3)[:300]
    assert reviews.texts(300, seed=3) != reviews.texts(300, seed=4)


def test_texts_are_as_long_and_as_mixed_as_reviews_are() -> None:
    """Texts have 1 to 60 words, 18 on average, and characters that trip a careless CSV reader."""
    texts = reviews.texts(5000, seed=1)
    # A phrase such as "a lot of" is drawn as one word.
    lengths = [len(text.split()) for text in texts]
    assert 16 < sum(lengths) / len(lengths) < 20
    assert min(lengths) == 1
    assert 45 < max(lengths) < 80
    assert 0.01 < sum(not text.isascii() for text in texts) / len(texts) < 0.03
    for odd in (",", '"', "'", "!", "."):
        assert any(odd in text for text in texts), odd
    assert len(set(texts)) > 0.99 * len(texts)


def test_a_written_csv_reads_back(tmp_path: Path) -> None:
    """The file holds the generated texts unchanged, with refs 1, 2, ..."""
    reviews.write_csv(tmp_path / "texts.csv", 400, seed=2)
    with (tmp_path / "texts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == reviews.texts(400, seed=2)
    assert [row["ref"] for row in rows] == [str(number) for number in range(1, 401)]


def test_a_users_csv_is_taken_instead(tmp_path: Path) -> None:
    """A user's CSV replaces generated texts: the first non-empty ones, each on one line."""
    own = tmp_path / "own.csv"
    own.write_text('id,text\n1,good\n2,\n3,"two\nlines"\n4,bad\n', encoding="utf-8")
    options = Options(csv=own)
    assert reviews.chosen(options, 2) == ["good", "two lines"]
    assert reviews.save(options, tmp_path / "texts.csv", 100) == 3
    assert (tmp_path / "texts.csv").read_text().splitlines()[1] == "1,good"


def test_a_csv_without_texts_is_refused(tmp_path: Path) -> None:
    """A CSV without the column or without texts is refused, with what is missing."""
    (tmp_path / "own.csv").write_text("id,review\n1,good\n")
    with pytest.raises(BadUse, match="has no column 'text'"):
        reviews.read_csv(tmp_path / "own.csv", 10)
    (tmp_path / "own.csv").write_text("text\n")
    with pytest.raises(BadUse, match="no row"):
        reviews.read_csv(tmp_path / "own.csv", 10)


def test_both_labels_occur() -> None:
    """Both labels occur, so that a pipeline can be fitted to generated texts."""
    labels = reviews.labels(reviews.texts(1000, seed=1))
    assert 0.2 < sum(labels) / len(labels) < 0.8


def test_contestants_run_in_turn() -> None:
    """Contestants run in turn, A B A B, so that disturbances affect both."""
    turns: list[str] = []

    def contestant(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    found = interleave({"a": lambda: contestant("a"), "b": lambda: contestant("b")}, rounds=2)
    assert turns == ["a", "b", "a", "b"]
    assert found == {"a": [1, 3], "b": [2, 4]}


def test_a_floor_is_compared_with_the_ratio_of_medians() -> None:
    """Rates must be high, times low, and limits kept; one outlier does not change a median."""
    rates = faster("", [80, 90, 5], [10, 11, 99], floor=8)
    assert (rates.ratio, rates.reached) == (pytest.approx(80 / 11), False)
    times = quicker("", 2.0, 120.0, floor=50)
    assert (times.ratio, times.reached) == (60, True)
    assert within("", 401, 400, unit="MB").reached is False
    assert within("", 9.0, 6, unit="ms", reference=[3.0, 3.5]).reached is True
    assert figure("", 3, unit="s").reached is None


def test_a_run_writes_its_figures_and_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missed floor is printed and written, and does not fail the run."""
    table = Table("Rates", rows=[faster("ours", [1.0], [2.0], floor=8)])
    monkeypatch.setattr(scoring, "run", lambda _: [table])
    ended = CliRunner().invoke(main, ["scoring", "--quick", "--json", str(tmp_path)])
    assert ended.exit_code == 0
    assert "NO" in ended.output
    written = json.loads((tmp_path / "scoring.json").read_text())
    assert written["options"]["quick"] is True
    assert written["machine"]["cores"] >= 1
    assert written["tables"][0]["rows"][0]["rounds"] == {"ours": [1.0], "reference": [2.0]}


def test_a_wrong_score_makes_the_run_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed correctness check gives the exit status 1 and is printed."""
    table = Table("Rates")
    table.check(holds=True, otherwise="this is well")
    table.check(holds=False, otherwise="row 7 is off")
    monkeypatch.setattr(scoring, "run", lambda _: [table])
    ended = CliRunner().invoke(main, ["scoring", "--json", str(tmp_path)])
    assert ended.exit_code == 1
    assert "row 7 is off" in ended.output
    assert "this is well" not in ended.output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame, None),
        (lambda frame: frame.iloc[:-1], "3 rows came back of 4"),
        (lambda frame: frame.iloc[[0, 2, 1, 3]], "row 2 is not in its place"),
        (lambda frame: frame.assign(error=[None, None, "too long", None]), "row 3 has an error"),
        (lambda frame: frame.assign(**{SCORE: [0.1, 0.2, 0.3, 0.4 + 1e-4]}), "row 4 is off"),
        (lambda frame: frame.assign(**{SCORE: [0.1, None, 0.3, 0.4]}), "row 2 is off"),
    ],
)
def test_every_row_is_compared(tmp_path: Path, change: object, message: str | None) -> None:
    """A row that is missing, misplaced, failed or wrong is found and named."""
    assert callable(change)
    right = pd.DataFrame({"ref": [1, 2, 3, 4], SCORE: [0.1, 0.2, 0.3, 0.4], "error": None})
    right.drop(columns="error").to_csv(tmp_path / "script.csv", index=False)
    change(right).to_csv(tmp_path / "ours.csv", index=False)
    found = bulk.differences(tmp_path / "ours.csv", tmp_path / "script.csv", bulk.DEEP)
    assert (message in found[0]) if message else found == []


def test_a_peer_that_is_not_installed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peer without an environment is refused with the command that installs it."""
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path)
    with pytest.raises(BadUse, match="peers install ray_data"):
        environments.python_of("ray_data")
