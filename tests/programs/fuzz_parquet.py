"""`make fuzz`: reads Parquet files that are damaged at random.

A C++ library reads Parquet in a separate process, so coverage cannot guide a fuzzer. Instead, valid
files of many kinds are damaged, repeatably by the number of the file. Every fiftieth file is read
exactly as the service does. For the others the process is a fork of one that has loaded the
library, which is a hundred times as fast.

The reader may refuse a file, and the process may crash. It must not hang or return malformed rows.
"""

import argparse
import io
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path

from shared.errors.input import BadParquet
from shared.tables import parquet_process
from shared.tables.parquet_rows import (
    DESCRIBE_MEMORY_BYTES,
    MAX_MEMORY_BYTES,
    NOT_WANTED,
    UNREADABLE,
    describe,
    stored_rows_of,
)

NAMES = ("ref", "text", "more")

#: After this many seconds the reader of a file of a few kilobytes counts as hanging.
HANGS = 30

#: One file in this many is read by a newly started process, as in the service.
SERVICE_INTERVAL = 50


def write_seeds(folder: Path) -> None:
    """Write valid files with many types, encodings, compressions, page formats and row groups."""
    import pyarrow as pa  # noqa: PLC0415  it starts threads, which must not exist before a fork
    import pyarrow.parquet as pq  # noqa: PLC0415

    texts = [f"number {at} " * (at % 5) for at in range(300)]
    columns = [
        {"more": list(range(300))},
        {"more": pa.array(texts).dictionary_encode()},
        {"more": [[at, None] for at in range(300)]},
        {"more": [{"a": at, "b": {"c": "x"}} for at in range(300)]},
        {"more": pa.array(range(300), pa.timestamp("ns", "Europe/Berlin"))},
        {"more": pa.array([b"\xff" * (at % 4) for at in range(300)])},
        {"more": [at / 7 if at % 3 else None for at in range(300)]},
    ]
    forms = [
        {"compression": "none"},
        {"compression": "snappy", "row_group_size": 70},
        {"compression": "zstd", "data_page_version": "2.0"},
        {"compression": "gzip", "use_dictionary": False, "data_page_size": 512},
        {"compression": "lz4", "write_page_index": True},
    ]
    for number, (more, form) in enumerate((more, form) for more in columns for form in forms):
        table = pa.table({"ref": list(range(300)), "text": texts, **more})
        pq.write_table(table, folder / f"{number:03d}", **form)


def damaged(seed: bytes, chance: random.Random) -> bytes:
    """Damage a file; half of the time in the footer, which holds the metadata."""
    content = bytearray(seed)
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        end = len(content) - 8
        at = chance.randrange(footer if chance.random() < 0.5 else 4, end)
        match chance.choice([0, 0, 0, 1, 1, 2, 3, 4, 5]):
            case 0:
                content[at] ^= 1 << chance.randrange(8)
            case 1:
                content[at] = chance.choice([0, 0x7F, 0x80, 0xFF, chance.randrange(256)])
            case 2:
                run = chance.randrange(1, 9)
                content[at : at + run] = chance.randbytes(run)
            case 3:
                other = chance.randrange(4, end)
                run = chance.randrange(1, 40)
                content[at : at + run] = content[other : other + run]
            case 4:
                del content[at : at + chance.randrange(1, 20)]
            case 5:
                content[at:at] = chance.randbytes(chance.randrange(1, 20))
        footer = min(footer, len(content) - 9)
    if chance.random() < 0.8:
        # Repair the length of the footer, because a reader rejects most other files at once.
        length = max(len(content) - 8 - footer, 0)
        content[-8:] = length.to_bytes(4, "little") + b"PAR1"
    return bytes(content)


def forked(content: bytes, do: str) -> str:
    """Read a file in a fork of this process; returns the outcome in words."""
    memory = DESCRIBE_MEMORY_BYTES if do == "describe" else MAX_MEMORY_BYTES
    request = {"do": do, "names": NAMES, "skip": 0, "memory": memory}
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as output:
        file.write(content)
        file.seek(0)
        child = os.fork()
        if not child:
            os.dup2(file.fileno(), 0)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            sys.argv = ["parquet_child", json.dumps(request)]
            status = 1
            with suppress(BaseException):
                try:
                    status = parquet_process.main()
                except BaseException:  # noqa: BLE001  it is printed, and the fork ends
                    traceback.print_exc()
            os._exit(status)
        status = _waited_for(child)
        output.seek(0)
        output_bytes = output.read()
    if status == 0:
        _check(output_bytes, do)
        return "read"
    if status == 1:
        raise AssertionError(output_bytes.decode(errors="replace"))
    return {UNREADABLE: "refused", NOT_WANTED: "not wanted"}.get(status, f"ended by {-status}")


def _waited_for(child: int) -> int:
    deadline = time.monotonic() + HANGS
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise AssertionError(f"it hangs for {HANGS} s")
        time.sleep(0.001)


def _check(output_bytes: bytes, do: str) -> None:
    if do == "describe":
        about = json.loads(output_bytes)
        assert isinstance(about["rows"], int)
        return
    for line in output_bytes.splitlines():
        assert len(json.loads(line)) == len(NAMES), line


def as_the_service(content: bytes) -> str:
    """Read a file as the API and then a worker do; returns the outcome in words."""
    try:
        describe(io.BytesIO(content))
        with stored_rows_of(io.BytesIO(content), NAMES, ("string",), 0) as lines:
            _check(lines.read(), "rows")
    except BadParquet as error:
        return "ended" if "has crashed" in str(error) else "refused"
    return "read"


def main() -> None:
    """Damage and read files; stop at the first file that is read wrongly, and print its number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first file")
    options = parser.parse_args()
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        child = os.fork()
        if not child:
            write_seeds(folder)
            os._exit(0)
        assert _waited_for(child) == 0
        seeds = [path.read_bytes() for path in sorted(folder.iterdir())]
    for seed in seeds:
        assert forked(seed, "describe") == forked(seed, "rows") == "read"
    for number in range(options.first, options.first + options.files):
        chance = random.Random(number)  # noqa: S311  to be had again
        content = damaged(chance.choice(seeds), chance)
        try:
            if number % SERVICE_INTERVAL == 0:
                outcomes[f"as the service: {as_the_service(content)}"] += 1
            for do in ("describe", "rows"):
                outcomes[f"{do}: {forked(content, do)}"] += 1
        except BaseException:
            Path(f"parquet-{number}").write_bytes(content)
            print(f"File {number}, kept as parquet-{number}:")
            raise
    print(", ".join(f"{what}: {times:,}" for what, times in sorted(outcomes.items())))


if __name__ == "__main__":
    main()
