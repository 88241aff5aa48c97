"""The argument FILE... of commands whose file may be at an address, and the option --output."""

import re
from pathlib import Path
from typing import Any

import click
from typing_extensions import override

#: A scheme of two letters or more: `C:` is a drive.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class _FileOrAddress(click.Path):
    """A file of this machine, or the address of one in object storage, which stays a text."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, allow_dash=True, path_type=Path)

    @override
    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if isinstance(value, str) and _ADDRESS.match(value):
            return value
        return super().convert(value, param, ctx)


class _FileHere(click.Path):
    """A file of this machine; for an address the refusal names the command that takes one."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, allow_dash=True, path_type=Path)

    @override
    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if isinstance(value, str) and _ADDRESS.match(value):
            self.fail(f"{value} is an address: send it to a service by `scorelane submit`.")
        return super().convert(value, param, ctx)


file_here = click.argument("file", type=_FileHere())
files_or_addresses = click.argument(
    "files", metavar="FILE...", type=_FileOrAddress(), nargs=-1, required=True
)
output = click.option(
    "--output",
    metavar="ADDRESS",
    help="The address of a folder that gets the results, such as s3://bucket/folder/; for FILEs "
    "that are addresses.",
)


def input_of(
    files: tuple[Path | str, ...], to: str | None, media_type: str | None
) -> str | list[str] | None:
    """The addresses among the arguments FILE; None: there is one file of this machine.

    A single address is no list, because the rows of a list have the names of their files.

    Args:
        files: the arguments.
        to: the option `--output`.
        media_type: what `--input-format` says.

    Raises:
        click.UsageError: there are addresses and files, or several files, or an option that does
            not fit.
    """
    addresses = [one for one in files if isinstance(one, str)]
    if addresses and len(addresses) < len(files):
        raise click.UsageError("FILE is a file of this machine, or all are addresses like s3://...")
    if not addresses and len(files) > 1:
        raise click.UsageError("Only one file of this machine can be sent as a job.")
    if not addresses and to is not None:
        raise click.UsageError("--output is for FILEs that are addresses, such as s3://bucket/key.")
    if addresses and media_type is not None:
        raise click.UsageError(
            "--input-format is for a file of this machine; the name of a file at an address says "
            "its format."
        )
    return addresses[0] if len(addresses) == 1 else addresses or None
