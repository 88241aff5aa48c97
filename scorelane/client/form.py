"""Sends an upload in a form whose other fields are options, where they are too long for a query."""

import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from scorelane.client.upload import Upload

#: A longer query is sent as fields: proxies and servers refuse addresses of 4 or 8 KiB.
MAX_QUERY_BYTES = 3000

#: Options that the service takes in the query alone.
_QUERY_ONLY = frozenset({"validate", "guess"})


def with_options(
    upload: Upload, params: Mapping[str, Any], *, most: int = MAX_QUERY_BYTES
) -> tuple[Upload, Mapping[str, Any]]:
    """Return the upload, and the options to send in the query: all of them if they are short.

    Args:
        upload: the rows.
        params: option -> value, or list of values.
        most: how many bytes of query are short.
    """
    if len(urlencode(params, doseq=True)) <= most:
        return upload, params
    query, others = split_options(params)
    fields = [
        (name, str(value))
        for name, values in others.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    return _as_form(upload, fields), query


def split_options(params: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return those that the service takes in the query alone, and the others."""
    query = {name: params[name] for name in params.keys() & _QUERY_ONLY}
    return query, {name: value for name, value in params.items() if name not in _QUERY_ONLY}


def _as_form(upload: Upload, fields: list[tuple[str, str]]) -> Upload:
    boundary = uuid.uuid4().hex
    parts = [f'name="{name}"\r\n\r\n{value}\r\n' for name, value in fields]
    # The service recognises gzip by its first bytes.
    parts.append(f'name="file"; filename="rows"\r\nContent-Type: {upload.media_type}\r\n\r\n')
    begin = "".join(f"--{boundary}\r\nContent-Disposition: form-data; {part}" for part in parts)
    head, tail = begin.encode(), f"\r\n--{boundary}--\r\n".encode()
    size = None if upload.size is None else len(head) + upload.size + len(tail)

    def content() -> Iterator[bytes] | AsyncIterator[bytes]:
        rows = upload.content()
        return _between(head, rows, tail) if isinstance(rows, Iterator) else between(rows)

    async def between(rows: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        yield head
        async for chunk in rows:
            yield chunk
        yield tail

    def on_sent(count: int) -> None:
        if upload.on_sent:
            sent = max(count - len(head), 0)
            upload.on_sent(sent if upload.size is None else min(sent, upload.size))

    media_type = f"multipart/form-data; boundary={boundary}"
    return replace(
        upload, media_type=media_type, content=content, gzipped=False, size=size, on_sent=on_sent
    )


def _between(head: bytes, rows: Iterator[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from rows
    yield tail
