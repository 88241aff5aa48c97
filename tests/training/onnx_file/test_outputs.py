"""What an added ONNX file gives: labels, probabilities or numbers, never guessed."""

import numpy as np
import pytest
from click.testing import CliRunner
from support.graph_rows import ROWS, frame
from support.graphs import WEIGHTS, classifier, network, softmax

from scorelane.commands.main import cli
from shared.errors.input import BadOption


def names(found):
    return [one.name for one in found.card.signature.outputs]


def test_a_classifier_gives_its_labels_and_probabilities_exactly(added, path):
    """A graph of 64 bits as skl2onnx writes it: the labels are in the file."""
    found, model = added(classifier(path, ["good", "bad", "so"]))
    assert names(found) == ["label", "probability_good", "probability_bad", "probability_so"]
    scored = model.score(frame())
    chances = scored.filter(like="probability").to_numpy()
    assert np.abs(chances - softmax(ROWS)).max() < 1e-12
    assert scored["label"].tolist() == [["good", "bad", "so"][i] for i in softmax(ROWS).argmax(1)]
    assert scored["label"].dtype == object


def test_labels_that_are_whole_numbers_stay_numbers(added, path):
    found, model = added(classifier(path, [10, 20, 40]))
    assert found.card.signature.outputs[0].type == "long"
    assert model.score(frame())["label"].dtype == np.int64


def test_users_may_name_the_classes_of_a_label_encoder(added, path):
    """The labels in the file are numbers; `--classes` says what they stand for, in their order."""
    found, model = added(classifier(path, [0, 1, 2]), classes=["a", "b", "c"])
    assert names(found)[1:] == ["probability_a", "probability_b", "probability_c"]
    assert model.score(frame())["label"].tolist() == ["abc"[i] for i in softmax(ROWS).argmax(1)]
    assert "0, 1, 2 are shown as a, b, c" in found.notes[0]


def test_classes_in_another_order_than_the_files_are_refused(added, path):
    with pytest.raises(BadOption, match="not their order"):
        added(classifier(path, ["a", "b", "c"]), classes=["c", "b", "a"])


def test_the_order_of_classes_is_never_guessed(added, path):
    """The label is of the least number here, as of distances, so the labels in the file are not
    the classes of the numbers: these are given without a class.
    """
    found, _ = added(classifier(path, ["a", "b", "c"], in_order=False))
    assert names(found) == ["label", "probabilities_0", "probabilities_1", "probabilities_2"]
    assert any("not known which number belongs to which label" in note for note in found.notes)


def test_a_network_with_softmax_has_numbered_classes(added, path):
    found, model = added(network(path))
    assert names(found) == ["label", "probability_0", "probability_1", "probability_2"]
    assert any("numbered" in note for note in found.notes)
    assert model.score(frame())["label"].tolist() == softmax(ROWS).argmax(1).tolist()


def test_logits_do_not_become_probabilities(added, path):
    """They are given as the network gives them, and the user is told."""
    found, model = added(network(path, end=""))
    assert names(found) == ["prediction_0", "prediction_1", "prediction_2"]
    assert any("were not made probabilities" in note for note in found.notes)
    assert model.score(frame()).to_numpy() == pytest.approx(ROWS @ WEIGHTS)


def test_logits_with_named_classes_are_scores_with_a_label(added, path):
    found, model = added(network(path, end=""), classes=["a", "b", "c"])
    assert names(found) == ["label", "score_a", "score_b", "score_c"]
    assert any("were not made probabilities" in note for note in found.notes)
    assert model.score(frame())["label"].tolist() == ["abc"[i] for i in softmax(ROWS).argmax(1)]


def test_one_number_is_a_prediction_of_any_range(added, path):
    found, model = added(network(path, end="", weights=WEIGHTS[:, :1] * 1000))
    assert names(found) == ["prediction"]
    assert model.score(frame())["prediction"].tolist() == pytest.approx(ROWS @ WEIGHTS[:, 0] * 1000)


def test_a_sigmoid_is_the_probability_of_the_second_of_two_classes(added, path):
    found, model = added(
        network(path, end="Sigmoid", weights=WEIGHTS[:, :1]), classes=["stays", "goes"]
    )
    scored = model.score(frame())
    assert scored["probability_goes"].tolist() == pytest.approx(
        1 / (1 + np.exp(-ROWS @ WEIGHTS[:, 0]))
    )
    assert (scored["probability_stays"] + scored["probability_goes"]).tolist() == [1.0] * 3
    assert any("the probability of goes" in note for note in found.notes)
    assert set(scored["label"]) <= {"stays", "goes"}


def test_one_number_outside_a_probability_has_no_classes(added, path):
    with pytest.raises(BadOption, match="End it with a sigmoid"):
        added(network(path, end="", weights=WEIGHTS[:, :1]), classes=["a", "b"])


def test_graphs_of_32_bits_say_so(added, path):
    """Their results differ from those of the model that they were made from."""
    found, _ = added(network(path, kind="float"))
    assert any("32 bits" in note for note in found.notes)
    assert found.card.options["precision"] == "float32"


def test_the_order_of_classes_that_a_user_expects_is_found(path, tmp_path):
    """A graph without labels has no names of classes; the message has the right `--classes`."""
    chances = softmax(ROWS)
    frame().assign(**{f"probability_{one}": chances[:, at] for at, one in enumerate("abc")}).to_csv(
        tmp_path / "scored.csv", index=False
    )
    command = ["add-model", str(network(path)), "--name", "mine", "--output", str(tmp_path / "it")]
    command += ["--expect", str(tmp_path / "scored.csv"), "--classes"]
    result = CliRunner().invoke(cli, [*command, "c,a,b"])
    assert "With --classes a,b,c all 3 rows match" in " ".join(result.output.split())
    assert CliRunner().invoke(cli, [*command, "a,b,c"]).exit_code == 0


def test_a_graph_of_32_bits_that_differs_by_more_is_refused(path, tmp_path):
    """The largest difference is named, and its row; up to a hundred-thousandth is allowed."""
    for off, code in ((4e-6, 0), (4e-5, 2)):
        chances = softmax(ROWS)
        chances[1, 2] += off
        columns = {f"probability_{at}": chances[:, at] for at in range(3)}
        frame().assign(**columns).to_csv(tmp_path / "scored.csv", index=False)
        command = ["add-model", str(network(path, kind="float")), "--name", "mine"]
        command += ["--output", str(tmp_path / "it"), "--expect", str(tmp_path / "scored.csv")]
        result = CliRunner().invoke(cli, [*command, "--force"])
        assert result.exit_code == code, result.output
    said = " ".join(result.output.split())
    assert "probability_2 differs in 1 of 3 rows by up to 4e-05 (row 2:" in said
    assert "computing with 32 bits" in said
