import shutil

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from scoring.networks.onnx_network import OnnxNetwork
from shared.card import read_card, write_card
from shared.config.places import BUNDLED_MODELS
from shared.errors.model import UnusableModel
from shared.model import load_model


@pytest.fixture
def deep(tmp_path):
    """A copy of the bundled deep model, with a function that rewrites its card."""
    folder = tmp_path / "deep"
    shutil.copytree(BUNDLED_MODELS / "deep", folder)
    card = read_card(folder)

    def write(**options):
        write_card(
            folder,
            name="deep",
            format="hdf5",
            files=list(card.files),
            options={**card.options, **options},
        )
        return folder

    return write


def test_rows_are_scored_independently():
    """A score does not depend on the other rows of a batch; an empty row has a score too."""
    options = read_card(BUNDLED_MODELS / "deep").options
    network = OnnxNetwork(BUNDLED_MODELS / "deep" / "model.onnx", options)
    random = np.random.default_rng(1)
    rows = [random.integers(0, network.words, n % 57).tolist() for n in range(600)]
    together = network.scores(rows)
    assert together.dtype == np.float64
    alone = [network.scores([row])[0] for row in rows[:57]]
    np.testing.assert_allclose(together[:57], alone, atol=1e-6)
    np.testing.assert_allclose(network.scores(rows[::-1]), together[::-1], atol=1e-6)
    assert network.scores([]).shape == (0,)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"class_values": [0, 1]}, "10 classes, but 2 class values"),
        ({"max_length": 0}, "above 0"),
        ({"padding": "middle"}, "neither post nor pre"),
        ({"token_pattern": "("}, "token_pattern"),
    ],
)
def test_options_of_a_compiled_model_are_checked(deep, options, reason):
    """Options that do not fit the compiled model are refused."""
    with pytest.raises(UnusableModel, match=reason):
        load_model(deep(**options))


def _no_onnx(path):
    path.write_bytes(b"This is not ONNX.")


def _foreign(path):
    source, result = (
        helper.make_tensor_value_info(name, TensorProto.INT32, [None]) for name in ("ids", "out")
    )
    node = helper.make_node("Abs", ["ids"], ["out"])
    graph = helper.make_graph([node], "foreign", [source], [result])
    operators = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=operators), path)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(_no_onnx, "ONNX Runtime cannot read"), (_foreign, "not compiled by Scorelane")],
)
def test_a_file_that_is_no_compiled_model_is_refused(deep, capfd, spoil, reason):
    """Foreign files are refused with one sentence, and nothing else is printed."""
    spoil(deep() / "model.onnx")
    with pytest.raises(UnusableModel, match=reason):
        load_model(deep())
    assert capfd.readouterr().err == ""


def test_a_word_index_beyond_the_embedding_is_refused(deep):
    """A word index with numbers beyond the embedding is refused at load."""
    (deep() / "word_idx.json").write_text('{"beyond": 99999}')
    with pytest.raises(UnusableModel, match="belong to another model"):
        load_model(deep())
