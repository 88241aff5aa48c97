"""The rows that are stored with a model, and their check where it is loaded."""

import json
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from support.doubles.length_model import LengthModel

from shared.card import read_card, write_card
from shared.errors.model import DigestMismatch, OtherOutputs
from shared.examples import (
    EXAMPLES_FILE,
    Examples,
    check_examples,
    read_examples,
    varied_rows,
)
from shared.model import SCORE
from shared.signature import SENTIMENT, Input, Output, Signature
from shared.tables.trial_rows import typed_frame

EVERY = (
    Input(name="word", required=False),
    Input(name="part", type="double", required=False),
    Input(name="whole", type="long"),
    Input(name="perhaps", type="long", required=False),
    Input(name="flag", type="boolean", required=False),
    Input(name="day", type="datetime", required=False),
)
VALUES = {
    "word": ["a", None, "NA"],
    "part": [0.1, None, 1e300],
    "whole": [2**53 + 1, 0, -1],
    "perhaps": [3, None, 4],
    "flag": [True, None, False],
    "day": ["2024-02-29T12:00:00.123456789", None, "1970-01-01"],
}


def test_rows_of_every_type_are_read_as_they_were_stored(tmp_path: Path) -> None:
    """Values, gaps and dtypes are equal, a nanosecond and a large integer included."""
    rows = typed_frame(EVERY, VALUES)
    scored = pd.DataFrame({"prediction": [0.1, 1 / 3, float("nan")]})
    (tmp_path / "model.pkl").write_text("model")
    (tmp_path / EXAMPLES_FILE).write_text(Examples.of(EVERY, rows, scored).to_json())
    signature = Signature(inputs=EVERY, outputs=(Output(name="prediction"),))
    card = write_card(
        tmp_path,
        name="mine",
        format="pkl",
        files=["model.pkl", EXAMPLES_FILE],
        signature=signature,
    )
    found = read_examples(tmp_path, card)
    assert found is not None
    pd.testing.assert_frame_equal(found.frame, rows)
    assert found.apart(scored, 0) is None


def kept(found: float) -> Examples:
    texts = pd.DataFrame({"text": ["a", "bb"]})
    return Examples.of(SENTIMENT.inputs, texts, pd.DataFrame({SCORE: [found, 0.5]}))


class Constant(LengthModel):
    """Gives every text the same score, or raises."""

    def __init__(self, score: float, libraries: dict[str, str]) -> None:
        super().__init__()
        self.card = self.card.model_copy(update={"libraries": libraries})
        self._score = score

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        if self._score < 0:
            raise ValueError("no such step")
        return pd.DataFrame({SCORE: [self._score] * len(frame)}, index=frame.index)


def test_other_versions_that_give_the_same_are_named() -> None:
    """A library that is not here is none of those that run the model."""
    here = {"numpy": "0.1", "pandas": version("pandas"), "no-such-library": "1"}
    found = check_examples(Constant(0.5, here), kept(0.5 + 5e-7))
    assert found == [f"numpy {version('numpy')} (added with 0.1)"]


@pytest.mark.parametrize(
    ("score", "says"),
    [(0.50001, "the largest difference is 1e-05"), (-1, "ValueError: no such step")],
)
def test_another_output_is_an_error_with_the_versions(score: float, says: str) -> None:
    """A difference over a millionth, or an exception, and not a lesser one."""
    with pytest.raises(OtherOutputs) as error:
        check_examples(Constant(score, {"numpy": "0.1"}), kept(0.5))
    assert says in str(error.value)
    assert f"numpy {version('numpy')} (added with 0.1)" in str(error.value)


def test_another_label_is_an_error_of_its_own() -> None:
    """Labels have no tolerance, and a missing one is another one."""
    rows = pd.DataFrame({"text": ["a", "b"]})
    examples = Examples.of(SENTIMENT.inputs, rows, pd.DataFrame({"label": ["x", "y"]}))
    assert examples.apart(pd.DataFrame({"label": ["x", "y"]}), 1e-6) is None
    for labels in (["x", "z"], ["x", None]):
        apart = examples.apart(pd.DataFrame({"label": pd.Series(labels, dtype=object)}), 1e-6)
        assert apart is not None
        assert (apart.row, apart.kept) == (2, "y")


def test_changed_examples_are_refused(tmp_path: Path) -> None:
    """They have a digest, as every file of a model."""
    (tmp_path / "model.pkl").write_text("model")
    (tmp_path / EXAMPLES_FILE).write_text(kept(0.5).to_json())
    card = write_card(tmp_path, name="mine", format="pkl", files=["model.pkl", EXAMPLES_FILE])
    content = json.loads((tmp_path / EXAMPLES_FILE).read_text())
    content["rows"][0]["outputs"][SCORE] = 0.6
    (tmp_path / EXAMPLES_FILE).write_text(json.dumps(content))
    with pytest.raises(DigestMismatch):
        read_card(tmp_path)
    with pytest.raises(DigestMismatch):
        read_examples(tmp_path, card)


@pytest.mark.parametrize("inputs", [SENTIMENT.inputs, EVERY[:2]])
def test_rows_like_the_examples_differ(inputs: tuple[Input, ...]) -> None:
    """Their words are those of the examples, and a runtime cannot score equal rows once."""
    known = {
        "text": ["one two three four five six seven", "eight"],
        "word": ["a", "b", None],
        "part": [1.125, 1.5, 1.875, 2.25],
    }
    rows = varied_rows(inputs, known, 64)
    assert len(rows) == 64
    assert rows.equals(varied_rows(inputs, known, 64))
    if "text" in rows:
        assert rows["text"].nunique() > 25
        words = {"one", "two", "three", "four", "five", "six", "seven", "eight"}
        assert {word for text in rows["text"] for word in text.split()} == words
    else:
        assert rows["part"].nunique() > 40
        assert rows["part"].between(1.125, 2.25).all()
        assert set(rows["word"].dropna()) == {"a", "b"}
        assert rows["word"].isna().any()


def test_whole_numbers_of_examples_are_kept() -> None:
    """They may be the codes of an encoder, which takes no others."""
    rows = varied_rows(EVERY[1:3], {"part": [1.0, 7.0], "whole": [3, 9]}, 32)
    assert set(rows["part"]) == {1.0, 7.0}
    assert set(rows["whole"]) == {3, 9}
