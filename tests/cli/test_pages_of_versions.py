"""The commands of the pages on versions of a model work as they are typed, from top to bottom."""

import re
import shlex
from collections.abc import Iterator

import pytest
from support.commands import run
from support.doubles.length_model import LengthModel
from support.in_memory import make_service
from support.live import live
from support.programs import ROOT

from shared.config.settings import Settings

#: The versions in the pages; the second is the newer one, which the bare name means at first.
VERSIONS = "e5cff74e16d3", "3f2a1b2c3d4e"

PAGES = ["roll-back-a-model.md", "compare-two-models.md"]


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    """A service that has the model of the pages in both versions."""
    first, *others = (LengthModel("mine", version) for version in VERSIONS)
    settings = settings.model_copy(update={"default_model": "mine"})
    service = make_service(settings, model=first, others=others)
    with live(service.app) as port:
        yield f"http://127.0.0.1:{port}"


def commands_in(page: str) -> list[str]:
    """The lines of the blocks of shell commands that nobody runs as examples with their output."""
    text = (ROOT / "docs/how-to" / page).read_text()
    return [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_work_in_its_order(page: str, url: str) -> None:
    """Each ends with the exit code 0."""
    commands = commands_in(page)
    assert len(commands) >= 4
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "scorelane"
        ended = run(*arguments, "--url", url)
        assert ended.exit_code == 0, f"{command}\n{ended.stderr}"
