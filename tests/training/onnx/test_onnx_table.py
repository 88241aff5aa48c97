import numpy as np
import onnx
import pytest

keras = pytest.importorskip("keras")

from training.deep import _layers, _quantised  # noqa: E402  after the check that keras is here
from training.hdf5 import save_hdf5  # noqa: E402
from training.onnx.graph import Graph  # noqa: E402

pytestmark = pytest.mark.keras


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ([1.0, -127.0, 0.0], "INT8"),
        ([0.5, -0.25, 0.0], "INT8"),
        ([1 / 64, -127 / 64], "INT8"),
        ([128.0, 0.5], "FLOAT16"),
        ([1.0, 1 / 1024], "FLOAT16"),
        ([0.1, 0.2], "FLOAT"),
    ],
)
def test_numbers_take_as_little_room_as_they_need(numbers, kind):
    """Numbers are stored as bytes or half precision if that is exact."""
    graph, table = Graph(), np.array([numbers], dtype=np.float32)
    graph.table(table)
    stored = graph._constants[0]
    assert stored.data_type == onnx.TensorProto.DataType.Value(kind)
    if kind == "INT8":
        step = onnx.numpy_helper.to_array(graph._constants[1])
        assert (onnx.numpy_helper.to_array(stored) * step == table).all()


def test_a_quantised_embedding_takes_a_byte_a_number(tmp_path):
    """A packed .hdf5 file takes one byte per number, and Keras reads it with the same outputs."""
    keras.utils.set_random_seed(1)
    model = _layers(keras.layers.Embedding(3000, 100, mask_zero=True))
    table, *others = model.get_weights()
    table = np.random.default_rng(0).normal(0, 0.3, table.shape)
    model.set_weights([table, *others])
    quantised = _quantised(model)
    coarse = quantised.get_weights()[0].astype(np.float32)
    step = np.abs(coarse[coarse != 0]).min()
    assert np.log2(step) == round(np.log2(step))
    assert np.abs(coarse - table).max() <= step
    save_hdf5(quantised, tmp_path / "plain.hdf5")
    save_hdf5(quantised, tmp_path / "packed.hdf5", pack=True)
    plain, packed = ((tmp_path / f"{name}.hdf5").stat().st_size for name in ("plain", "packed"))
    lstm = sum(array.nbytes for array in others)
    assert packed - lstm < 1.2 * table.size
    assert plain - lstm > 2 * table.size
    read = keras.models.load_model(tmp_path / "packed.hdf5", compile=False)
    rows = np.random.default_rng(1).integers(1, 3000, (5, 7))
    np.testing.assert_array_equal(read.predict(rows, verbose=0), quantised.predict(rows, verbose=0))
