"""The documents say what is there."""

import re
from pathlib import Path

import pytest

from api.errors import STATUS
from shared.config.settings import OTHERS, Settings
from shared.dispatch import Task
from worker.pipeline import Pipeline

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

#: `api/jobs/views.py: submit`, or `shared/storage/blobs.py: FolderBlobs.writing`.
NAMED = re.compile(r"`([\w/]+\.(?:py|lua)): ([\w.]+)`")


def test_the_path_of_a_job_is_where_it_is_said_to_be() -> None:
    """Each name in the architecture is defined in the file that it is said to be in."""
    named = NAMED.findall((ROOT / "docs/architecture.md").read_text())
    assert len(named) > 10
    for file, name in named:
        content = (ROOT / file).read_text()
        for part in name.split("."):
            defined = rf"^\s*(?:def|class|local function) {part}\b|^{part}\b.* = "
            assert re.search(defined, content, re.MULTILINE), f"{file} has no {name}"


def test_steps_have_one_word() -> None:
    """A step's task and its method in the pipeline have the same name."""
    tasks = (ROOT / "worker/tasks.py").read_text()
    for task in Task:
        assert callable(getattr(Pipeline, task))
        assert f"@app.task(name=Task.{task.name})\ndef {task}(" in tasks


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """A link to a file of the project leads to one."""
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_settings_named_in_the_pages_exist(page: Path) -> None:
    """Every SCORELANE_ variable that a page names is a setting, or one of compose or the client."""
    for name in re.findall(r"SCORELANE_([A-Z_]+[A-Z])", page.read_text()):
        assert name.lower() in Settings.model_fields or f"SCORELANE_{name}" in OTHERS, name


def test_every_problem_is_in_the_api_page() -> None:
    """Each error that has a status of its own is documented by its code."""
    page = (ROOT / "docs/api.md").read_text()
    general = {"bad-input", "scorelane-error"}
    for kind in STATUS:
        assert kind.code in general or f"`{kind.code}`" in page, kind.code


def test_the_tests_that_show_it_exist() -> None:
    """Each module that a promise is said to be shown by is there."""
    named = re.findall(r"`((?:\w+/)+test_\w+\.py)`", (ROOT / "docs/shown.md").read_text())
    assert len(named) > 40
    for name in named:
        assert (ROOT / "tests" / name).exists(), name
