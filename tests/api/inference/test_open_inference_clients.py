"""Client libraries of the Open Inference Protocol get outputs from `/v2`."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from support.in_memory import Service
from support.live import live
from support.table_rows import EXPECTED, ROWS
from tritonclient import http

FRAME = pd.DataFrame(ROWS)
NAN_AGES = FRAME["age"].to_numpy()


@pytest.fixture
def port(table: Service) -> Iterator[int]:
    with live(table.app) as found:
        yield found


@pytest.mark.parametrize("is_binary", [False, True], ids=["json", "binary"])
def test_triton(table: Service, port: int, *, is_binary: bool) -> None:
    """NVIDIA's client: metadata, health, and inference with JSON and with binary tensors."""
    with http.InferenceServerClient(f"127.0.0.1:{port}") as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        version = table.model.card.version
        assert client.is_model_ready("table")
        assert client.is_model_ready("table", version)
        assert not client.is_model_ready("table", "1")
        assert client.get_server_metadata()["name"] == "scorelane"
        metadata = client.get_model_metadata("table")
        assert [one["name"] for one in metadata["inputs"]] == list(FRAME)
        inputs = []
        for name, datatype, cells in (
            ("age", "FP64", NAN_AGES),
            ("sex", "BYTES", FRAME["sex"].to_numpy(dtype=object)),
            ("class", "INT32", FRAME["class"].to_numpy().astype(np.int32)),
            ("alive", "BOOL", np.array([True, False, False])),
        ):
            inputs.append(http.InferInput(name, [len(cells)], datatype))
            inputs[-1].set_data_from_numpy(cells, binary_data=is_binary)
        outputs = [http.InferRequestedOutput(name) for name in ("fare", "label")]
        for wanted in (None, outputs):
            found = client.infer(
                "table", inputs, model_version=version, outputs=wanted, request_id="7"
            )
            assert found.get_response()["id"] == "7"
            assert found.as_numpy("fare").tolist() == [row["fare"] for row in EXPECTED]
            assert found.as_numpy("label").tolist() == [row["label"] for row in EXPECTED]
        with pytest.raises(Exception, match="no model 'table@1'"):
            client.infer("table", inputs, model_version="1")
