"""Requests of the Open Inference Protocol with the rows of a table, and what is in the answers."""

import json
from typing import Any

from support.in_memory import Service
from support.table_rows import ROWS

MODEL = "/v2/models/table"
TYPES = {"age": "FP64", "sex": "BYTES", "class": "INT64", "alive": "BOOL"}


def tensor(name: str, cells: list[Any], datatype: str | None = None, **more: Any) -> dict[str, Any]:
    shape = [len(cells)]
    return {"name": name, "shape": shape, "datatype": datatype or TYPES[name], "data": cells} | more


def tensors(rows: list[dict[str, Any]] = ROWS) -> list[dict[str, Any]]:
    return [tensor(name, [row[name] for row in rows]) for name in TYPES]


def replaced(**changes: Any) -> list[dict[str, Any]]:
    """The tensors of `ROWS`, one of them with changes."""
    name = changes.pop("of")
    return [one | changes if one["name"] == name else one for one in tensors()]


def infer(service: Service, body: Any, path: str = MODEL) -> Any:
    return service.client.post(f"{path}/infer", data=json.dumps(body))


def columns_of(answer: Any) -> dict[str, list[Any]]:
    assert answer.status_code == 200, answer.text
    return {one["name"]: one["data"] for one in answer.json["outputs"]}


def error(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.json.keys() == {"error"}
    return str(answer.json["error"])
