"""The data of tensors may follow the JSON of a request of `/v2` as bytes."""

import json
import struct
from typing import Any

import pytest
from support.in_memory import Service
from support.inference import MODEL, TYPES, columns_of, error
from support.table_rows import EXPECTED, ROWS


def binary(rows: list[dict[str, Any]] = ROWS, **changes: Any) -> tuple[bytes, bytes]:
    """The JSON of a request, and the data of its tensors."""
    nan = float("nan")
    ages = [nan if row["age"] is None else row["age"] for row in rows]
    texts = [row["sex"].encode() for row in rows]
    data = {
        "age": struct.pack(f"<{len(rows)}d", *ages),
        "sex": b"".join(struct.pack("<I", len(text)) + text for text in texts),
        "class": struct.pack(f"<{len(rows)}q", *(row["class"] for row in rows)),
        "alive": struct.pack(f"<{len(rows)}?", *(bool(row["alive"]) for row in rows)),
    } | changes
    inputs = [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": datatype,
            "parameters": {"binary_data_size": len(data[name])},
        }
        for name, datatype in TYPES.items()
    ]
    return json.dumps({"inputs": inputs}).encode(), b"".join(data.values())


def send(service: Service, head: bytes, data: bytes, length: str | None = None) -> Any:
    headers = {"Inference-Header-Content-Length": length or str(len(head))}
    return service.client.post(f"{MODEL}/infer", data=head + data, headers=headers)


def test_binary_tensors(table: Service) -> None:
    """The data may follow the JSON as bytes, with NaN for a missing number."""
    fares = columns_of(send(table, *binary()))["fare"]
    assert fares == [row["fare"] for row in EXPECTED]


@pytest.mark.parametrize("length", ["-1", "0", "x", "99999", "9" * 30, "٣"])
def test_a_bad_length(table: Service, length: str) -> None:
    """A header that is no length within the body is refused."""
    answer = send(table, *binary(), length=length.encode().decode("latin-1"))
    assert "no length within the body" in error(answer, 400)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"age": struct.pack("<3d", 1, 2, float("inf"))}, "an infinite number"),
        ({"age": b"1234567"}, "no whole number of FP64"),
        ({"age": struct.pack("<2d", 1, 2)}, "'age' has 2 values; its shape says 3"),
        ({"sex": b"\x09\0\0\0male"}, "end within string 1"),
        ({"sex": b"\x04\0"}, "end within string 1"),
        ({"sex": b"\x01\0\0\0\xff"}, "string 1 of 'sex' is not UTF-8"),
    ],
)
def test_bad_binary_tensors(table: Service, changes: dict[str, bytes], said: str) -> None:
    """The message names the tensor."""
    assert said in error(send(table, *binary(**changes)), 400)


def test_bytes_that_do_not_fit(table: Service) -> None:
    """Bytes too many or too few are refused."""
    head, data = binary()
    assert "1 bytes at its end" in error(send(table, head, data + b"x"), 400)
    assert "not within the body" in error(send(table, head, data[:-1]), 400)
