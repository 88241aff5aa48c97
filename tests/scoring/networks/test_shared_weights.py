import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from scoring.graphs import session
from scoring.graphs.session import open_session
from shared.private_copies import room_for_copies


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A graph with an embedding, a matrix product and metadata; graphs of its size are shared."""
    monkeypatch.setattr(session, "_LARGE", 1000)
    random = np.random.default_rng(1)
    weights = {
        "table": random.normal(size=(500, 16)).astype(np.float32),
        "matrix": random.normal(size=(16, 40)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["vectors"]),
        helper.make_node("MatMul", ["vectors", "matrix"], ["product"]),
        helper.make_node("Relu", ["product"], ["positive"]),
        helper.make_node("ReduceMean", ["positive"], ["score"], axes=[1], keepdims=0),
    ]
    made = helper.make_graph(
        nodes,
        "embedding",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", 3])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["rows", 40])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"length": "3"})
    save(model, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


IDS = np.random.default_rng(2).integers(0, 500, size=(70, 3))


def outputs(opened: Any) -> Any:
    return opened.run(None, {"ids": IDS})[0]


def test_shared_weights_give_the_same_numbers(graph: Path) -> None:
    """Weights that the processes of a worker share give the same outputs to the last bit."""
    alone = open_session(graph)
    with room_for_copies():
        shared, again = open_session(graph), open_session(graph)
    for one in (shared, again):
        np.testing.assert_array_equal(outputs(one), outputs(alone))
        assert one.get_modelmeta().custom_metadata_map == {"length": "3"}
        assert [given.name for given in one.get_inputs()] == ["ids"]


def test_the_weights_are_mapped(graph: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """A process maps the file that the first one has written."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with room_for_copies():
        opened = open_session(graph)
        (room,) = (tmp_path / "temporary").iterdir()
        (derived,) = room.iterdir()
        assert {one.name for one in derived.iterdir()} == {"graph.onnx", "weights.data"}
        assert str(derived / "weights.data") in Path("/proc/self/maps").read_text()
        # They are used by processes that live, also when the version is unloaded.
        (derived / "weights.data").unlink()
        outputs(opened)


def test_a_graph_that_cannot_be_written_is_not_shared(
    graph: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Then each process has its own weights, as outside of a worker."""

    def fails(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(session, "_write_apart", fails)
    with room_for_copies(), caplog.at_level(logging.WARNING):
        opened = open_session(graph)
    assert "do not share the weights of model.onnx: no room" in caplog.text
    assert outputs(opened).shape == (70, 40)


def test_a_file_that_is_changed_meanwhile_is_not_shared(
    graph: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is shared under a digest was made of the file with this digest."""
    digests = iter(["of one", "of another"])
    monkeypatch.setattr(session, "file_digest", lambda _: next(digests))
    with room_for_copies(), caplog.at_level(logging.WARNING):
        open_session(graph)
    assert "changed while it was read" in caplog.text
