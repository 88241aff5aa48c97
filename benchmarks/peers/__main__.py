"""The command `python -m benchmarks.peers install [PEER ...]`."""

import sys

import click

from benchmarks.peers.environments import PEERS, install
from benchmarks.report import BadUse


@click.group()
def main() -> None:
    """Manage the peers that `python -m benchmarks peers` compares with."""


@main.command("install")
@click.argument("peers", nargs=-1, type=click.Choice(list(PEERS)), metavar="[PEER]...")
def install_peers(peers: tuple[str, ...]) -> None:
    """Create the environments of peers (all if none is named), one after another."""
    failed = []
    for peer in peers or PEERS:
        click.echo(f"{PEERS[peer]} ...")
        try:
            install(peer)
        except BadUse as error:
            failed.append(str(error))
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.peers")
