"""Scorelane's runtime without the service: processes that each score a share of a CSV.

The comparison with this program shows the cost of the service. It uses the same model, the same
compiled code for reading and rendering rows, and the same files, but no HTTP, Redis, Celery or
recovery, and it counts nothing.

python -m benchmarks.bare reviews.csv scores.csv models/fast 2
"""

import shutil
import sys
import time
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from api.uploads.columns import InputColumns
from api.uploads.csv import CsvUpload
from shared.config.settings import Settings
from shared.model import Model, load_model
from shared.tables.csv_results import header
from shared.tables.layouts import Layout
from shared.tables.rows import ReadOptions
from worker.steps.bisection import score_frame, score_texts
from worker.steps.frames import frame_of
from worker.tables.lists import list_of
from worker.tables.typed_cells import read_csv
from worker.tables.written_rows import render

#: The number of bytes that are read and scored at a time, about the size of a part of a job.
BLOCK = 4 << 20

_model: Model | None = None


def main(source: Path, target: Path, folder: Path, processes: int) -> float:
    """Score a CSV whose texts are all good, and have no line breaks.

    Returns:
        The seconds it took, without the start of the processes and the loading of the model.
    """
    layout = _layout(source)
    shares = [target.with_name(f"{target.name}.{number}") for number in range(processes)]
    # Not forked, because threads that a runtime has started do not survive a fork.
    spawn = get_context("spawn")
    loaded = spawn.Barrier(processes + 1)
    with spawn.Pool(processes, initializer=_load, initargs=(folder, loaded)) as pool:
        loaded.wait()
        started = time.perf_counter()
        ends = _ends(source, layout, processes)
        tasks = zip(
            [source] * processes, shares, ends, ends[1:], [layout] * processes, strict=False
        )
        pool.starmap(_score, tasks, chunksize=1)
        with target.open("wb") as file:
            file.write(header())
            for share in shares:
                with share.open("rb") as rows:
                    shutil.copyfileobj(rows, file, BLOCK)
                share.unlink()
        return time.perf_counter() - started


def _layout(source: Path) -> Layout:
    upload = CsvUpload()
    with source.open("rb") as file:
        upload.feed(file.read(BLOCK))
    return upload.layout(InputColumns(("text",)))


def _ends(source: Path, layout: Layout, shares: int) -> list[int]:
    """The start of each share, always at the start of a line, and the end of the last share."""
    size = source.stat().st_size
    ends = [layout.start]
    with source.open("rb") as file:
        for number in range(1, shares):
            file.seek(layout.start + (size - layout.start) * number // shares)
            file.readline()
            ends.append(file.tell())
    return [*ends, size]


def _load(folder: Path, loaded: Barrier) -> None:
    global _model  # noqa: PLW0603  set by the pool's initialiser
    _model = load_model(folder)
    _model.warm_up()
    loaded.wait()


def _score(source: Path, target: Path, begin: int, end: int, layout: Layout) -> None:
    if _model is None:
        raise RuntimeError("no model is loaded in this process")
    settings, signature = Settings(), _model.card.signature
    options = ReadOptions(
        settings.max_text_chars,
        settings.max_record_bytes,
        inputs=signature.inputs,
        read_csv=read_csv,
    )
    with source.open("rb") as file, target.open("wb") as results:
        file.seek(begin)
        while (offset := file.tell()) < end:
            block = file.read(min(BLOCK, end - offset))
            if not block.endswith(b"\n"):
                block += file.readline()
            rows = layout.read(block, options, offset=offset)
            texts: Any = rows.inputs[0]
            if not getattr(_model, "reads_spans", False):
                texts = list_of(texts)
            columns: Any = score_texts(_model, texts, signature.outputs)
            if columns is None:
                frame = frame_of(signature.inputs, [texts])
                columns, _ = score_frame(_model, frame, signature.outputs, "text")
            results.write(render(rows.refs, columns, rows.errors))


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
