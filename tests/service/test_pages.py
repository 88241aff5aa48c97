"""The commands and scripts in the pages work, and print what the pages say."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from support.pages import run_page
from support.programs import ROOT, Programs
from support.shell_pages import PAGE_URL, Command, Shell, commands_of
from support.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.pages]

#: Their blocks of Python are the cells of one notebook.
NOTEBOOKS = ["docs/how-to/use-from-a-notebook.md"]


def commands_in(page: str) -> list[list[Command]]:
    """The commands of a page; its blocks of Python too, if it teaches by examples."""
    teaches = page in {"README.md", "docs/tutorial.md"} or page.startswith("docs/how-to/")
    return commands_of(ROOT / page, scripts=teaches)


PAGES = [
    page
    for path in [
        ROOT / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *(ROOT / "examples" / name / "README.md" for name in ("table", "text")),
    ]
    if (page := str(path.relative_to(ROOT))) not in NOTEBOOKS and any(commands_in(page))
]


def has_models(service: Programs, folder: Path) -> bool:
    """Whether the service serves all models of a folder, each in its version."""
    served = {one["version"] for one in service.client.get("/models").json()["models"]}
    cards = [json.loads(card.read_bytes()) for card in folder.glob("*/card.json")]
    return {card["version"] for card in cards} <= served


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_print_what_it_says(
    page: str, service: Programs, tmp_path: Path
) -> None:
    """Each command succeeds, also after the service was started again where the page says so."""
    shutil.copytree(ROOT / "models", tmp_path / "models")
    shell = Shell(tmp_path, ROOT, str(service.client.base_url))
    if any("add-model" in one.text for commands in commands_in(page) for one in commands):
        # It waits until the service serves the new model.
        restart_worker(service, tmp_path / "models")
    first = True
    for commands in commands_in(page):
        if not first and not has_models(service, tmp_path / "models"):
            restart_worker(service, tmp_path / "models")
        first = False
        for command, printed in zip(commands, shell.run(commands), strict=True):
            assert printed.status == 0, f"{command.text}\nfailed with\n{printed.out}{printed.err}"
            assert command.prints(printed.out), f"{command.text}\nprinted\n{printed.out}"


def restart_worker(service: Programs, models: Path) -> None:
    """Stop the worker, and start one that serves all models of a folder."""
    for worker in service.running("worker"):
        worker.terminate()
        worker.wait(60)
    service.env |= {"SCORELANE_MODELS_DIR": str(models), "SCORELANE_SERVE": ""}
    service.start_worker()
    wait_for(lambda: has_models(service, models), 120)


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_the_cells_of_a_page_have_the_values_that_it_says(
    page: str, service: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its blocks run as the cells of one notebook, in one event loop."""
    monkeypatch.chdir(tmp_path)
    url = str(service.client.base_url)
    monkeypatch.setenv("SCORELANE_URL", url)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    names = asyncio.run(run_page(ROOT / page, {PAGE_URL: url}))
    names["client"].close()


def test_pages_have_commands() -> None:
    """The pages that teach are among those that are run."""
    assert {"README.md", "docs/tutorial.md", "docs/api.md"} <= set(PAGES)
    assert {"examples/table/README.md", "examples/text/README.md"} <= set(PAGES)
    assert sum(page.startswith("docs/how-to/") for page in PAGES) > 10
