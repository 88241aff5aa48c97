import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from support.graphs import WEIGHTS, classifier, network, onnx, saved, softmax

from scorelane.commands.main import cli
from shared.errors.input import BadOption
from shared.errors.model import UnusableModel
from shared.model import load_model
from training.add_model import add_model
from training.added.meaning import Meaning

ROWS = np.array([[0.5, 2.0, -1.0], [3.0, -0.25, 0.0], [0.0, 0.0, 0.125]])


@pytest.fixture
def added(tmp_path):
    """Adds a file with what a user says about it; returns what was understood, and the model."""

    def add(path, **meaning):
        found = add_model(path, name="mine", output=tmp_path / "models", meaning=Meaning(**meaning))
        return found, load_model(tmp_path / "models" / "mine")

    return add


@pytest.fixture
def path(tmp_path):
    return tmp_path / "theirs.onnx"


def frame(names=("x0", "x1", "x2"), rows=ROWS):
    return pd.DataFrame(rows, columns=list(names))


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


def test_the_columns_can_be_named(added, path):
    """In the order of the training; those in a tensor may be whole numbers, and may be missing."""
    found, model = added(network(path), inputs="age:long,fare:double?,sex:boolean")
    assert [one.name for one in found.card.signature.inputs] == ["age", "fare", "sex"]
    rows = pd.DataFrame({"age": [1, 2], "fare": [0.5, np.nan], "sex": [True, False]})
    scored = model.score(rows)
    assert scored["probability_0"][0] == pytest.approx(softmax([[1, 0.5, 1]])[0, 0])
    assert np.isnan(scored["probability_0"][1])
    assert scored["label"].isna().tolist() == [False, True]


def test_another_number_of_columns_is_refused(added, path):
    with pytest.raises(UnusableModel, match="takes 3 columns, and it has 2 inputs"):
        added(network(path), inputs="age:long,fare:double")


def test_a_text_cannot_become_a_number(added, path):
    with pytest.raises(UnusableModel, match=r"the column sex cannot be a string, but double or"):
        added(network(path), inputs="age:long,fare:double,sex:string")


def test_graphs_of_32_bits_say_so(added, path):
    """Their results differ from those of the model that they were made from."""
    found, _ = added(network(path, kind="float"))
    assert any("32 bits" in note for note in found.notes)
    assert found.card.options["precision"] == "float32"


def test_a_number_too_large_for_32_bits_is_an_error_of_its_row(added, path):
    """It is not scored as infinite: its row has no outputs, and the others are as before."""
    _, model = added(network(path, kind="float"))
    rows = ROWS.copy()
    rows[1, 1] = 1e300
    scored = model.score(frame(rows=rows))
    assert scored.isna().all(axis=1).tolist() == [False, True, False]
    others = scored.iloc[[0, 2]].to_numpy()
    assert others == pytest.approx(model.score(frame()).iloc[[0, 2]].to_numpy(), abs=1e-6)


def test_a_graph_for_one_row_at_a_time_is_given_one_row_at_a_time(added, path):
    """As exported without dynamic axes."""
    _, model = added(network(path, rows=1))
    chances = model.score(frame()).filter(like="probability").to_numpy()
    assert np.abs(chances - softmax(ROWS)).max() < 1e-12


def test_a_graph_for_another_number_of_rows_is_refused(added, path):
    with pytest.raises(UnusableModel, match=r"4 rows at a time.*dynamic_axes"):
        added(network(path, rows=4))


@pytest.mark.parametrize(
    ("versions", "reason"),
    [
        ({"ir_version": 99}, "newer ONNX than this ONNX Runtime"),
        ({"opset": 99}, "newer ONNX than this ONNX Runtime"),
    ],
)
def test_files_of_a_newer_onnx_are_refused_with_what_to_do(added, path, versions, reason):
    with pytest.raises(UnusableModel, match=reason):
        added(network(path, **versions))


def test_a_file_with_its_weights_elsewhere_is_refused(added, tmp_path):
    model = onnx.load(network(tmp_path / "whole.onnx"))
    path = tmp_path / "parts.onnx"
    onnx.save(model, path, save_as_external_data=True, size_threshold=0, location="w.data")
    with pytest.raises(UnusableModel, match="save_as_external_data=False"):
        added(path)


def test_a_damaged_file_is_refused(added, path):
    path.write_bytes(b"\x08\x08" + b"damaged" * 50)
    with pytest.raises(UnusableModel, match="it is no ONNX file, or it is damaged"):
        added(path)


def test_a_picture_is_no_row_of_a_table(added, path):
    graph = saved(
        path,
        [("Identity", ["X"], ["Y"], {})],
        {"X": ("float", [None, 3, 8, 8])},
        {"Y": ("float", [None, 3, 8, 8])},
    )
    with pytest.raises(UnusableModel, match="has 4 dimensions"):
        added(graph)


def test_each_column_may_be_a_tensor_of_its_own(added, path):
    """As skl2onnx writes pipelines over frames: the names and types are those of the file."""
    graph = saved(
        path,
        [
            ("Cast", ["count"], ["real"], {"to": 11}),
            ("Add", ["age", "real"], ["sum"], {}),
            ("Identity", ["name"], ["same"], {}),
        ],
        {"age": ("double", [None, 1]), "count": ("int32", [None, 1]), "name": ("string", [None])},
        {"sum": ("double", [None, 1]), "same": ("string", [None])},
    )
    found, model = added(graph)
    inputs = [(one.name, one.type) for one in found.card.signature.inputs]
    assert inputs == [("age", "double"), ("count", "long"), ("name", "string")]
    rows = pd.DataFrame({"age": [0.5, 1.5], "count": [1, 2**31], "name": ["é", ""]}).astype(
        {"name": object}
    )
    scored = model.score(rows)
    assert scored["sum"].tolist()[0] == 1.5
    assert np.isnan(scored["sum"][1])  # 2**31 would have become -2**31
    assert scored["same"].tolist()[0] == "é"


def test_texts_and_whole_numbers_of_a_graph_cannot_be_missing(added, path):
    graph = saved(
        path,
        [("Identity", ["name"], ["same"], {})],
        {"name": ("string", [None])},
        {"same": ("string", [None])},
    )
    with pytest.raises(UnusableModel, match=r"has no missing values.*must be required"):
        added(graph, inputs="name:string?")


def test_options_of_other_formats_are_refused(added, path):
    with pytest.raises(BadOption, match="max_length=5 cannot be used: it is not for ONNX files"):
        added(network(path), max_length=5)


def test_example_rows_name_the_columns_and_are_the_proof(added, path, tmp_path):
    (tmp_path / "rows.csv").write_text("age,visits,income\n0.5,2,-1\n3,-1,\n")
    found, _ = added(network(path), example=tmp_path / "rows.csv")
    inputs = [(one.name, one.type, one.required) for one in found.card.signature.inputs]
    assert inputs == [("age", "double", True), ("visits", "long", True), ("income", "long", False)]
    given, gives = found.examples[0]
    assert given == {"age": 0.5, "visits": 2, "income": -1}
    assert gives["probability_0"] == pytest.approx(softmax([[0.5, 2, -1]])[0, 0])


def test_results_that_depend_on_the_other_rows_are_refused(added, path):
    """A softmax over the rows instead of the columns."""
    graph = saved(
        path,
        [("Softmax", ["X"], ["Y"], {"axis": 0})],
        {"X": ("double", [None, 2])},
        {"Y": ("double", [None, 2])},
    )
    with pytest.raises(UnusableModel, match="depend on the other rows"):
        added(graph)


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
