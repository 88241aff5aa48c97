"""The command line of the benchmarks: `python -m benchmarks [NAME ...] [--quick]`."""

import signal
import sys
import time
from importlib import import_module
from pathlib import Path

import click

from benchmarks.machine import machine
from benchmarks.report import RESULTS, BadUse, Options, Table, show, write_json
from benchmarks.service import ServiceFailed

#: The benchmarks in the order in which they run. The last four run only if they are named: `models`
#: and `changes`, which load models again and again, take a quarter of an hour; `object_storage`
#: needs SeaweedFS, and `peers` environments that must be installed first
#: (`python -m benchmarks.peers install`).
NAMES = (
    "scoring",
    "texts",
    "bulk",
    "explain",
    "table_parts",
    "tables",
    "memory",
    "requests",
    "jobs",
    "fairness",
    "crowd",
    "growth",
    "scale",
    "models",
    "changes",
    "object_storage",
    "peers",
)

#: How many of them run only if they are named.
IF_NAMED = 4


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES), metavar="[NAME]...")
@click.option("--quick", is_flag=True, help="Few rounds and small sizes: checks, not figures.")
@click.option("--long", is_flag=True, help="`tables`: memory after 5,000,000 rows, not 1,000,000.")
@click.option(
    "--csv",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own texts: a CSV with a column `text`.  [default: generated reviews]",
)
@click.option("--seed", default=1, show_default=True, help="The seed of the generated reviews.")
@click.option(
    "--json",
    "folder",
    default=RESULTS,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the figures, as JSON.  [default: benchmarks/results]",
)
def main(
    names: tuple[str, ...], quick: bool, long: bool, csv: Path | None, seed: int, folder: Path
) -> None:
    """Measure Scorelane against the scripts and services that its users would write.

    NAME is one of: scoring, texts, bulk, explain, table_parts, tables, memory, requests, jobs,
    fairness, crowd, growth, scale, models, changes, object_storage, peers. Without a name all
    except the last four run.

    The exit status is 1 if a score or a row is wrong. A slow run never changes it.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Raise an exception, so that programs are stopped and temporary files are deleted.
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    # A shell script starts background programs with SIGINT ignored, and child programs would
    # inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options = Options(quick=quick, long=long, csv=csv, seed=seed)
    wrong = []
    for name in names or NAMES[:-IF_NAMED]:
        here, began = machine(), time.monotonic()
        try:
            tables: list[Table] = import_module(f"benchmarks.{name}").run(options)
        except (BadUse, ServiceFailed) as error:
            raise click.ClickException(str(error)) from error
        show(tables, here)
        path = write_json(folder, name, tables, options=options, here=here)
        click.echo(f"{name} took {time.monotonic() - began:.0f} s; {path}\n")
        wrong += [f"{name}: {what}" for table in tables for what in table.wrong]
    for what in wrong:
        click.echo(f"WRONG: {what}", err=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
