"""The shell commands in the documentation print what the pages say."""

from pathlib import Path

import pytest
from support.programs import ROOT, Programs
from support.shell_pages import commands_of, run

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_the_commands_of_a_page_print_the_expected_output(
    page: str, service: Programs, tmp_path: Path
) -> None:
    """All commands of a page run in one shell, one after another."""
    commands = commands_of(ROOT / page, "curl")
    assert commands, "the page has no command"
    for command, printed in zip(
        commands, run(commands, str(service.client.base_url), ROOT, tmp_path), strict=True
    ):
        assert command.prints(printed), f"{command.text}\nprinted\n{printed}"
