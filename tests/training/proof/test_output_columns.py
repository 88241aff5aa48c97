"""Columns of a user's file are matched with outputs of a model, by no doubtful guess."""

import pytest

from shared.errors.input import BadOption
from shared.signature import SENTIMENT, Input, Output, Signature
from training.proof.output_columns import pairings

CLASSES = Signature(
    inputs=(Input(name="age", type="double"), Input(name="score", type="double")),
    outputs=(
        Output(name="label", type="string", meaning="label"),
        Output(name="probability_no", meaning="probability", of="no"),
        Output(name="probability_yes", meaning="probability", of="yes"),
    ),
)


def paired(columns, signature=CLASSES, chosen=()):
    return {one.column: one.output.name for one in pairings(columns, signature, chosen)}


def test_columns_with_the_names_of_outputs_are_compared():
    """Inputs, references and other columns are not."""
    columns = ["ref", "age", "score", "city", "label", "probability_yes"]
    assert paired(columns) == {"label": "label", "probability_yes": "probability_yes"}


@pytest.mark.parametrize(
    ("column", "output"),
    [
        ("y_pred", "label"),
        ("Predicted", "label"),
        ("p_no", "probability_no"),
        ("no", "probability_no"),
        ("proba", "probability_yes"),
        ("y_score", "probability_yes"),
    ],
)
def test_a_usual_name_is_taken_if_one_output_is_meant(column, output):
    """It is marked as a guess. Of two classes a bare probability is that of the second."""
    (found,) = pairings(["age", "score", column], CLASSES)
    assert (found.output.name, found.guessed) == (output, True)


@pytest.mark.parametrize(
    ("columns", "signature"),
    [
        (["label", "y_pred"], CLASSES),
        (["proba", "p_yes"], CLASSES),
        (
            ["prediction"],
            Signature(
                inputs=SENTIMENT.inputs,
                outputs=(*SENTIMENT.outputs, Output(name="label", meaning="label", type="string")),
            ),
        ),
    ],
    ids=["a true label and a predicted one", "two probabilities", "a score or a label"],
)
def test_what_may_be_two_things_is_refused(columns, signature):
    """The message shows the option that decides it."""
    with pytest.raises(BadOption, match=r"--expect-column \w+=\w+"):
        pairings([*columns, "age", "score"], signature)


def test_no_column_of_an_output_is_refused():
    """A comparison of nothing proves nothing."""
    with pytest.raises(BadOption, match="--expect-column fate=label"):
        pairings(["age", "score", "fate"], CLASSES)


def test_the_option_says_which_column_is_which_output():
    """Then only these are compared; a name may hold an equals sign."""
    columns = ["age", "score", "a=b", "label", "fate"]
    assert paired(columns, chosen=("a=b=probability_no", "fate=label")) == {
        "a=b": "probability_no",
        "fate": "label",
    }
    for wrong in ("nothing=label", "fate=price", "fate"):
        with pytest.raises(BadOption):
            pairings(columns, CLASSES, (wrong,))
