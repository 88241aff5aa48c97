"""Requests with an `Idempotency-Key`, in every format, and bodies that come in pieces."""

import io
from collections.abc import Iterator
from typing import Any

from support.in_memory import Service

CSV = b"ref,text\n1,abc\n2,\n"
SMALL = {"ref": [1, 2], "text": ["a", "b"]}
BIG = {"ref": list(range(30)), "text": ["a"] * 30}
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def form(content: bytes = CSV, **fields: str) -> dict[str, Any]:
    return {"data": {"file": (io.BytesIO(content), "rows.csv"), **fields}}


BODIES: dict[str, Any] = {
    "csv": lambda: {"data": CSV, "content_type": "text/csv"},
    "ndjson": lambda: {"data": b'{"text": "a"}\n', "content_type": "application/x-ndjson"},
    "small": lambda: {"json": SMALL},
    "big": lambda: {"json": BIG},
    "form": form,
}


def send(service: Service, key: str | None = KEY, headers: Any = None, **request: Any) -> Any:
    headers = {**(headers or {}), **({} if key is None else {"Idempotency-Key": key})}
    return service.client.post("/jobs", headers=headers, **request)


def jobs(service: Service) -> int:
    return len(service.client.get("/jobs").json["jobs"])


class Body:
    """A body that is received in pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _size: int = -1) -> bytes:
        return next(self._pieces, b"")


def streamed(pieces: Iterator[bytes]) -> dict[str, Any]:
    return {"wsgi.input": Body(pieces), "wsgi.input_terminated": True}
