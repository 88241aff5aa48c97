"""Client libraries of the Open Inference Protocol get outputs from `/v2`."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from support.in_memory import Service
from support.live import live
from support.table_rows import EXPECTED, ROWS

FRAME = pd.DataFrame(ROWS)
NAN_AGES = FRAME["age"].to_numpy()


@pytest.fixture
def port(table: Service) -> Iterator[int]:
    with live(table.app) as found:
        yield found


@pytest.mark.parametrize("is_binary", [False, True], ids=["json", "binary"])
def test_triton(table: Service, port: int, *, is_binary: bool) -> None:
    """NVIDIA's client: metadata, health, and inference with JSON and with binary tensors."""
    http = pytest.importorskip(
        "tritonclient.http", reason="needs tritonclient[http], which the tests do not install"
    )
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


def test_mlserver(table: Service) -> None:
    """MLServer's codec of pandas: a frame goes there, and one comes back."""
    codecs = pytest.importorskip(
        "mlserver.codecs", reason="needs mlserver, which the tests do not install"
    )
    types = pytest.importorskip("mlserver.types")
    # The codec knows no string dtype of pandas 3, and no None.
    alive = pd.Series([True, np.nan, False], dtype=object)
    frame = FRAME.astype({"sex": object}).assign(alive=alive)
    request = codecs.PandasCodec.encode_request(frame, use_bytes=False)
    answer = table.client.post(
        "/v2/models/table/infer",
        data=request.model_dump_json(),
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.text
    response = types.InferenceResponse.model_validate_json(answer.data)
    found = codecs.PandasCodec.decode_response(response)
    assert found.to_dict("records") == EXPECTED


def test_kserve(port: int) -> None:
    """KServe's client, with its own tensors."""
    kserve = pytest.importorskip("kserve", reason="needs kserve, which the tests do not install")
    requests = pytest.importorskip("requests")
    inputs = []
    for name, datatype in (
        ("age", "FP64"),
        ("sex", "BYTES"),
        ("class", "INT64"),
        ("alive", "BOOL"),
    ):
        cells = [row[name] for row in ROWS]
        inputs.append(kserve.InferInput(name, [len(cells)], datatype, data=cells))
    body, _ = kserve.InferRequest(model_name="table", infer_inputs=inputs).to_rest()
    answer = requests.post(f"http://127.0.0.1:{port}/v2/models/table/infer", json=body)
    assert answer.status_code == 200, answer.text
    found = kserve.InferResponse.from_rest(answer.json())
    assert found.outputs[-1].data == [row["fare"] for row in EXPECTED]
