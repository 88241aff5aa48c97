"""`make fuzz`: fuzzes every reader of user input.

from shared.tables.rows import ReadOptions
from api.uploads.columns import InputColumns
A reader may refuse an input with a `ScorelaneError`. Any other exception is a bug, and so is a row
that is lost, or that is read differently in parts than in one piece. The fuzzer is guided by code
coverage (Atheris, based on libFuzzer).
"""

import argparse
import gzip
import io
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["shared", "api", "worker"]):
    from flask import Request
    from werkzeug.exceptions import ClientDisconnected
    from werkzeug.test import EnvironBuilder

    from api.requests.body import chunks_of, unpacked
    from api.requests.multipart import MultipartUpload
    from api.uploads.charsets import to_utf8
    from api.uploads.columns import InputColumns
    from api.uploads.csv import CsvUpload
    from api.uploads.formats import kind_of_file
    from api.uploads.json_rows import json_columns, json_rows, parse_json
    from api.uploads.ndjson import NdjsonUpload
    from api.v1.first_look import first_look
    from shared.errors.base import ScorelaneError
    from shared.storage.batches import ENDPOINT
    from shared.tables import csv_blocks
    from shared.tables.csv_blocks import by_blocks
    from shared.tables.csv_results import parse, render
    from shared.tables.layouts import NDJSON, Layout
    from shared.tables.parts import Part
    from shared.tables.rows import ReadOptions
    from shared.tables.stored_rows import write_rows
    from worker.batches.validation import convert
    from worker.steps import record_ends

TEXTS = InputColumns(("text",))
LIMITS = ReadOptions(1000, 4096)

#: Seed inputs, from which the fuzzer finds its way into the formats.
FORM = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\ntext\na\r\n--b--\r\n'
SEEDS = {
    "csv": [
        b"\2ref,text\n1,well\n2,not so well\n",
        b'\1text\n"a ""quoted"", cell\n\nof lines"\n"b"\n',
        b"\3\xef\xbb\xbftext\r\na\r\n\xc3\xa4\r\n",
    ],
    "ndjson": [
        b'\2{"ref": 1, "text": "well", "more": [1]}\n{"text": null}\n',
        b'\1\xef\xbb\xbf{"text": "a"}\r\n\n{"text": "b", "ref": 12345678901234567890123}',
    ],
    "charset": [b"\0text\na\n", b"\5\xff\xfea\0", b"\7+AGE-", b"\x0a\x1b$B"],
    "json": [
        b'{"ref": [1, null], "text": ["well", 7]}',
        b'[{"ref": 1, "text": "a"}]',
        b'"[{\\"text\\": \\"a\\"}]"',
    ],
    "batch": [
        b'{"custom_id":"1","method":"POST","url":"/v1/sentiment","body":{"model":"m","input":"a"}}',
        b'\xef\xbb\xbf\n{"custom_id":"1","method":"POST","url":"/v1/sentiment","body":{"model":"m"}}\n',
    ],
    "multipart": [FORM],
    "gzip": [gzip.compress(b"text\na\n"), gzip.compress(b"") + gzip.compress(b"text\na\n")],
}


#: The delimiters of CSV cells to try.
DELIMITERS = ",;\t| x"

#: Charsets of each kind: single-byte, multi-byte, stateful, and with a byte order mark.
CHARSETS = [
    "latin-1",
    "cp1252",
    "utf-16",
    "utf-16-le",
    "utf-32",
    "utf-16-be",
    "shift_jis",
    "utf-7",
    "gb18030",
    "big5",
    "iso2022_jp",
    "hz",
    "cp037",
    "euc_kr",
]


def csv(data: bytes) -> None:
    """Check, split, read and render a CSV: every row must occur once, as when read in one piece."""
    first = data[0] if data else 1
    upload, body = CsvUpload(DELIMITERS[first // 7 % len(DELIMITERS)]), data[1:]
    feed(upload, body)
    layout = upload.layout(TEXTS, tuple(filter(None, upload.finish())))
    in_parts(body, layout, first % 7 + 1)


def ndjson(data: bytes) -> None:
    """Check, split, read and render lines of JSON objects, as `csv` does with CSV."""
    upload, body = NdjsonUpload(LIMITS.max_record_bytes), data[1:]
    feed(upload, body)
    layout = upload.layout(TEXTS, tuple(upload.finish()))
    in_parts(body, layout, data[0] % 7 + 1 if data else 1)


def feed(upload: Any, body: bytes) -> None:
    for at in range(0, len(body), 64):
        upload.feed(body[at : at + 64])


def in_parts(body: bytes, layout: Layout, size: int) -> None:
    limit = LIMITS.max_record_bytes

    def cut_by(look: Any) -> list[Part]:
        found = layout.cut(
            io.BytesIO(body[layout.start :]),
            rows_per_part=size,
            after=None,
            max_record_bytes=limit,
            look=look,
        )
        return list(found)

    parts = cut_by(record_ends.look)
    assert parts == cut_by(by_blocks(csv_blocks.record_ends))
    whole = layout.read(body[layout.start :], LIMITS, offset=layout.start)
    rows = 0
    for part in parts:
        content = body[part.offset : part.end]
        found = layout.read(content, LIMITS, offset=part.offset, first_row=part.first_row)
        assert len(found) == part.rows
        assert found == whole.run(rows, rows + part.rows)
        scores = [None if error else 0.5 for error in found.errors]
        columns = [str(at) for at in range(len(found.extras))]
        rendered = render(found.refs, scores, found.errors, found.extras)
        back = parse(rendered, columns=columns)
        assert [row["ref"] for row in back] == found.refs
        assert [[row[name] for row in back] for name in columns] == found.extras
        rows += part.rows
    assert rows == len(whole)


def charset(data: bytes) -> None:
    """Convert a text in some charset piece by piece: the result must be that of the whole text."""
    name, body = CHARSETS[data[0] % len(CHARSETS)] if data else "latin-1", data[1:]
    pieces = iter([body[at : at + 5] for at in range(0, len(body), 5)])
    try:
        found = b"".join(to_utf8(pieces, name))
    except ScorelaneError:
        with suppress(UnicodeError):
            body.decode(name).encode()
            assert name in ("utf-16", "utf-32"), (name, body)
        raise
    assert found == body.decode(name).encode(), (name, body)


def json(data: bytes) -> None:
    """Parse, store and read back a JSON body: every row must occur once."""
    value = parse_json(data)
    pairs = json_rows(value, TEXTS)
    carried = tuple(json_columns(value))
    wide = json_rows(value, TEXTS, carried)
    assert [row[:2] for row in wide] == pairs
    assert len(NDJSON.read(write_rows(wide), LIMITS)) == len(pairs)
    rows = NDJSON.read(write_rows(pairs), ReadOptions(1000, 2**20))
    assert len(rows) == len(pairs)
    for (ref, text), stored, error in zip(pairs, rows.inputs[0], rows.errors, strict=True):
        assert error or stored == text, (ref, text, stored)


def batch(data: bytes) -> None:
    """Validate the input file of a batch; if it is valid, the first look must find its model."""
    rows, limit = io.BytesIO(), LIMITS.max_record_bytes
    found = convert(io.BytesIO(data), rows, size=len(data), endpoint=ENDPOINT, max_line_bytes=limit)
    seen = first_look(io.BytesIO(data), len(data), limit)
    if not found.problems:
        assert seen.model == found.model
        assert not seen.is_empty
        assert len(NDJSON.read(rows.getvalue(), LIMITS)) == found.rows > 0


def multipart(data: bytes) -> None:
    """Read a form, whose file may be compressed, to its end."""
    form = MultipartUpload(iter([data[:7], data[7:]]), "b")
    kind_of_file("", form.open().filename)
    for _ in unpacked(form.chunks()):
        pass


def gzipped(data: bytes) -> None:
    """Decompress a gzip body to its end."""
    environ = EnvironBuilder(
        method="POST", data=data, headers={"Content-Encoding": "gzip"}
    ).get_environ()
    for _ in chunks_of(Request(environ)):
        pass


#: The fuzzer for Parquet, which a C++ library reads in a separate process.
PARQUET = Path(__file__).with_name("fuzz_parquet.py")

READERS = {
    "csv": csv,
    "ndjson": ndjson,
    "charset": charset,
    "json": json,
    "batch": batch,
    "multipart": multipart,
    "gzip": gzipped,
}


def main() -> None:
    """Fuzz one reader, or all readers, each in a new process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", nargs="?", choices=READERS)
    parser.add_argument("--inputs", type=int, default=100_000)
    options = parser.parse_args()
    if options.reader is None:
        for reader in READERS:
            started, more = time.monotonic(), ["--inputs", str(options.inputs)]
            status = subprocess.call([sys.executable, __file__, reader, *more])
            seconds = time.monotonic() - started
            print(f"{reader}: {options.inputs:,} inputs in {seconds:.0f} s, status {status}")
            if status:
                sys.exit(status)
        sys.exit(subprocess.call([sys.executable, PARQUET, "--files", str(options.inputs // 20)]))
    read = READERS[options.reader]
    for seed in SEEDS[options.reader]:
        read(seed)

    def one(data: bytes) -> None:
        with suppress(ScorelaneError, ClientDisconnected):
            read(data)

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS[options.reader]):
            (Path(corpus) / str(number)).write_bytes(seed)
        bounds = [f"-runs={options.inputs}", "-max_len=512", "-timeout=10", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *bounds, corpus], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
