import numpy as np
import pytest

from scoring.networks.heads import Head, Heads

OUTPUTS = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [np.nan, 0.2, 0.8]], dtype=np.float32)


def test_the_label_is_the_most_probable_class():
    """A row without all its probabilities has no label."""
    heads = Heads([Head("classes", 3, ("a", "b", "c"))])
    result = heads.result(OUTPUTS)
    assert list(result) == ["label", "probability_a", "probability_b", "probability_c"]
    assert result["label"].tolist() == ["b", "a", None]
    np.testing.assert_array_equal(result["probability_b"], OUTPUTS[:, 1].astype(np.float64))
    assert [one.of for one in heads.signature_outputs] == [None, "a", "b", "c"]


def test_labels_that_are_numbers_stay_numbers():
    """They are whole numbers unless one is missing."""
    head = Heads([Head("classes", 3, (3, 4, 5))])
    assert head.signature_outputs[0].type == "long"
    assert head.result(OUTPUTS[:2])["label"].dtype == np.int64
    np.testing.assert_array_equal(head.result(OUTPUTS)["label"], [4, 3, np.nan])


def test_one_sigmoid_has_two_classes():
    """At one half both are as probable, and the first one is the label, as of a softmax."""
    result = Heads([Head("classes", 1, ("no", "yes"))]).result(np.array([[0.5], [0.75], [0.25]]))
    assert result["label"].tolist() == ["no", "yes", "no"]
    assert result["probability_no"].tolist() == [0.5, 0.25, 0.75]


def test_several_layers_have_their_names_in_each_column():
    """The outputs of the layers are cut apart, in their order."""
    heads = Heads(
        [Head("labels", 2, ("x", "y"), "tags"), Head("numbers", 1, (0,), "price")],
    )
    result = heads.result(np.array([[0.75, 0.5, 1e6]]))
    assert {name: values.tolist() for name, values in result.items()} == {
        "probability_tags_x": [0.75],
        "label_tags_x": [True],
        "probability_tags_y": [0.5],
        "label_tags_y": [False],
        "prediction_price": [1e6],
    }
    assert [one.name for one in heads.signature_outputs] == list(result)


def test_a_card_gives_the_heads_again():
    """With a score, the class values are those of the options, or the middles of intervals."""
    options = {"heads": Heads([Head("classes", 3, ("a", "b", "c"))]).options()}
    options["class_values"] = [0, 0.5, 1]
    heads = Heads.from_options(options, scores=True)
    np.testing.assert_allclose(heads.result(OUTPUTS)["Sentiment_Score"][:2], [0.55, 0.4])
    assert [one.name for one in heads.signature_outputs if not one.on_request] == [
        "Sentiment_Score"
    ]
    assert heads.worth == {"a": 0, "b": 0.5, "c": 1}


@pytest.mark.parametrize(
    "head",
    [
        {"kind": "classes", "units": 3, "classes": ["a"]},
        {"kind": "other", "units": 1, "classes": ["a"]},
        {"kind": "numbers", "units": 1},
    ],
)
def test_a_wrong_card_is_refused(head):
    """Its heads must have a class for each unit."""
    with pytest.raises(ValueError, match="its card's head"):
        Heads.from_options({"heads": [head]}, scores=False)
