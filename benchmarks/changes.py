"""The time until a model is served that appears in the models folder, and until it is gone.

Meanwhile clients ask questions of another model: none of them may be refused.
"""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks import models as made
from benchmarks.report import Options, Table, figure
from benchmarks.service import Running, service
from shared.config.places import BUNDLED_MODELS

PROCESSES, CLIENTS = 2, 2

#: The longest time for which a change is waited, in seconds.
MOST_SECONDS = 300.0


def run(options: Options) -> list[Table]:
    """Rename model folders into the models folder of a service that works, and out of it again."""
    size = made.QUICK if options.quick else made.LARGE
    rounds = 1 if options.quick else 3
    table = Table(f"Until a change of models is served, {PROCESSES} processes", ("model", "", ""))
    table.notes = [
        "Seconds from the rename of the folder until new jobs get the model, until all processes",
        f"have it, and until new jobs get it no more; while {CLIENTS} clients ask another model.",
    ]
    sets: dict[str, Callable[[Path], None]] = {
        "fast": lambda folder: _copy(folder, "fast"),
        "deep": lambda folder: _copy(folder, "deep"),
        f"terms, {size} MB": lambda folder: made._add(folder, made._terms(size)),
    }
    for title, make in sets.items():
        with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder:
            models, waiting = Path(folder) / "models", Path(folder) / "waiting"
            for path in (models, waiting):
                path.mkdir()
            made._small(models, 1)
            make(waiting)
            with service(PROCESSES, models) as running, _asking(running, "small-0", table):
                _measure(table, title, running, waiting, models, rounds)
    return [table]


def _measure(
    table: Table, title: str, running: Running, waiting: Path, models: Path, rounds: int
) -> None:
    served, in_all, gone = [], [], []
    folder = next(waiting.iterdir())
    for _ in range(rounds):
        began = time.monotonic()
        folder.rename(models / folder.name)
        served.append(_until(running, folder.name, lambda processes: processes > 0) - began)
        in_all.append(_until(running, folder.name, lambda found: found == PROCESSES) - began)
        began = time.monotonic()
        (models / folder.name).rename(folder)
        gone.append(_until(running, folder.name, lambda processes: not processes) - began)
    table.rows += [
        figure(f"{title}: new jobs get it", served, unit="s"),
        figure("  all processes have it", in_all, unit="s"),
        figure("  removed: new jobs get it no more", gone, unit="s"),
    ]


def _until(running: Running, name: str, is_so: Callable[[int], bool]) -> float:
    """When the number of processes of the version that new jobs get has become so."""
    ends = time.monotonic() + MOST_SECONDS
    while time.monotonic() < ends:
        models = httpx.get(f"{running.url}/models").json()["models"]
        if is_so(sum(one["processes"] for one in models if one["name"] == name)):
            return time.monotonic()
        time.sleep(0.05)
    raise TimeoutError(f"the change of {name} was not served within {MOST_SECONDS:.0f} s")


@contextmanager
def _asking(running: Running, name: str, table: Table) -> Iterator[None]:
    """Ask a model all the time while the block runs, and check that no question was refused."""
    ended, statuses = threading.Event(), list[int]()

    def ask() -> None:
        with httpx.Client(base_url=running.url, timeout=60) as client:
            while not ended.wait(0.02):
                answer = client.post(f"/score?model={name}", json={"text": ["a good film"]})
                statuses.append(answer.status_code)

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    refused = len(statuses) - statuses.count(200)
    table.check(refused == 0, f"{refused:,} of {len(statuses):,} questions were refused")


def _copy(folder: Path, name: str) -> None:
    shutil.copytree(BUNDLED_MODELS / name, folder / name)
