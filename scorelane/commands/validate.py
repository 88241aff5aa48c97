"""`scorelane validate`: how a service would read a file, without making a job."""

import json
from pathlib import Path
from typing import Any

import click

from scorelane.commands.common import addresses, options
from scorelane.commands.common.harmless import harmless, one_line
from scorelane.commands.common.row_values import row_values
from scorelane.commands.common.tables import add_row, print_table, table_of


@click.command()
@addresses.files_or_addresses
@addresses.output
@options.job_options
@click.option(
    "--guess",
    is_flag=True,
    help="Guess the options that are not given from the beginning of the file, and print them.",
)
@options.url
@options.as_json
def validate(
    files: tuple[Path | str, ...],
    output: str | None,
    guess: bool,
    url: str,
    as_json: bool,
    **job_options: Any,
) -> None:
    r"""Show how a service would read FILE, without making a job.

    The service reads the beginning of the file. It answers with the columns, the first rows, the
    first rows that have an error, and an estimate of the time that the job would take. FILE may be
    an address, or several, as for `scorelane submit`.

    \b
    scorelane validate people.csv --model titanic --rename age:Age
    scorelane validate export.csv --guess
    scorelane validate export.csv.gz --delimiter ';' --charset latin-1 --text-column tweet
    """
    place = addresses.input_of(files, output, job_options["media_type"])
    with options.client(url) as client:
        if place is not None:
            preview = client.validate(input=place, output=output, guess=guess, **job_options)
        else:
            source = options.source_of(Path(files[0]))
            preview = client.validate(source, guess=guess, **job_options)
    if as_json:
        click.echo(json.dumps(preview, indent=2))
        return
    click.echo(
        f"{harmless(preview['detail'])}\nColumns: {', '.join(map(one_line, preview['columns']))}\n"
    )
    for one in preview.get("guessed") or ():
        name = one["option"].replace("_", "-")
        click.echo(
            f"Guessed --{one_line(name)} {one_line(one['value'])}: {harmless(one['reason'])}"
        )
    estimate = preview.get("estimate") or {}
    left, rows = estimate.get("budget_left"), estimate.get("rows")
    if left is not None and rows is not None and rows > left:
        click.echo(
            f"Today's budget does not suffice: {left:,} rows are left, and this has about "
            f"{rows:,}. A job would be refused until the next day (UTC) begins."
        )
    seconds = estimate.get("seconds")
    if rows is not None and seconds is not None:
        click.echo(f"About {rows:,} rows: the job would take about {seconds:,.1f} s.\n")
    is_table = any("inputs" in row for row in preview["first_rows"])
    table = table_of("row", "ref", last="values or error" if is_table else "text or error")
    errors = [row for row in preview["first_errors"] if row not in preview["first_rows"]]
    for row in [*preview["first_rows"], *errors]:
        # A row with an error has no values.
        values = row["error"] or row.get("text") or row_values(row.get("inputs") or {})
        add_row(table, str(row["row"]), row["ref"], values)
    print_table(table)
