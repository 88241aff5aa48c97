"""`scorelane verify`: compare files with the receipt of a job."""

import gzip
import json
import zlib
from dataclasses import asdict
from pathlib import Path

import click

from scorelane.client.receipts import (
    Check,
    NotAReceipt,
    NotASecret,
    check_input,
    check_results,
    check_signature,
    parse_receipt,
    parse_secret,
)
from scorelane.commands.common import options
from scorelane.commands.common.failures import Mistake
from scorelane.commands.common.harmless import one_line

#: How a line of the output begins.
_MARKS = {True: "ok     ", False: "DIFFERS", None: "-      "}


@click.command()
@click.argument("results", type=options.EXISTING_FILE)
@click.argument("receipt", type=options.EXISTING_FILE)
@click.option(
    "--input",
    "input_file",
    type=options.EXISTING_FILE,
    help="Also compare the file that was submitted.",
)
@click.option(
    "--secret",
    envvar="SCORELANE_WEBHOOK_SECRETS",
    show_envvar=True,
    help="The webhook secret of the service, to check the signature: whsec_...",
)
@options.as_json
def verify(
    results: Path, receipt: Path, input_file: Path | None, secret: str | None, as_json: bool
) -> None:
    r"""Check that RESULTS are the results that a job had, by its RECEIPT.

    \b
    scorelane verify results.csv receipt.json
    scorelane verify results.csv receipt.json --input rows.csv --secret whsec_...

    No service is asked. The exit code is 1 if something differs from the receipt. Without the
    secret, whoever can change the results could have changed the receipt too.
    """
    found = _checks(results, receipt, input_file, _secrets(secret))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{_MARKS[one.fits]}  {one_line(one.detail)}")
    # A receipt without a digest of the results says nothing about them.
    if any(one.fits is False for one in found) or found[0].fits is None:
        raise click.exceptions.Exit(1)


def _checks(
    results: Path, receipt: Path, input_file: Path | None, secrets: list[bytes]
) -> list[Check]:
    try:
        parsed = parse_receipt(receipt.read_bytes())
        found = [check_results(parsed, results)]
        if input_file:
            found.append(check_input(parsed, input_file))
    except NotAReceipt as error:
        raise Mistake(f"{receipt}: {error}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Mistake(f"a gzip cannot be unpacked: {error}.") from None
    return [*found, check_signature(parsed, secrets)]


def _secrets(text: str | None) -> list[bytes]:
    try:
        return [parse_secret(one.strip()) for one in (text or "").split(";") if one.strip()]
    except NotASecret as error:
        raise click.BadParameter(f"{error}.", param_hint="'--secret'") from None
