"""The documents agree with the code and with each other."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from api.errors import STATUS
from scorelane.commands.main import cli
from shared.config.settings import OTHERS, Settings
from shared.dispatch import Task
from worker.pipeline import Pipeline

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = sorted(
    path
    for paths in (
        ROOT.glob("*.md"),
        *((ROOT / room).rglob("*.md") for room in ("docs", "examples")),
    )
    for path in paths
)

#: A page that is not written by hand: `make settings` makes it.
OTHER_PAGES = {ROOT / "docs/settings.md"}

#: `api/jobs/views.py: submit`, or `shared/storage/folder_blobs.py: FolderBlobs.writing`.
NAMED = re.compile(r"`([\w/]+\.(?:py|lua)): ([\w.]+)`")


def test_names_in_the_architecture_are_defined_there() -> None:
    """Each name in the architecture is defined in the file that it is said to be in."""
    named = NAMED.findall((ROOT / "docs/architecture.md").read_text())
    assert len(named) > 10
    for file, name in named:
        content = (ROOT / file).read_text()
        for part in name.split("."):
            defined = rf"^\s*(?:def|class|local function) {part}\b|^{part}\b.* = "
            assert re.search(defined, content, re.MULTILINE), f"{file} has no {name}"


def test_modules_of_the_console_in_the_architecture_exist() -> None:
    """Each module that the section on the console names is there, with the name after it."""
    page = (ROOT / "docs/architecture.md").read_text()
    named = re.findall(r"`([\w.-]+\.js)(?:: (\w+))?`", page)
    assert len(named) > 15
    for file, name in named:
        content = (ROOT / "api/console/static" / file).read_text()
        assert not name or re.search(rf"\b(?:function|const|class) {name}\b", content), name


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_named_in_the_pages_exist(page: Path) -> None:
    """Each path of the project that a page names as code exists."""
    rooms = "api|worker|shared|scoring|training|scorelane|tests|benchmarks|examples|deploy|packages"
    for name in re.findall(
        rf"`((?:{rooms})/[\w/.-]+\.(?:py|lua|c|h|csv|sh|toml|md))\b", page.read_text()
    ):
        assert (ROOT / name).exists() or (ROOT / "tests" / name).exists(), name


def test_pictures_of_the_pages_exist() -> None:
    """Each picture that a page shows is in the project, and each of the console is shown."""
    shown = set()
    for page in DOCS:
        text = page.read_text()
        sources = re.findall(r'(?:src|srcset)="([^"]+)"', text) + re.findall(
            r"!\[[^]]*]\(([^)]+)\)", text
        )
        shown |= {(page.parent / one).resolve() for one in sources if "://" not in one}
    assert shown
    assert [str(one) for one in sorted(shown) if not one.is_file()] == []
    assert sorted(set((ROOT / "docs/images").rglob("*.png")) - shown) == []


def test_the_citation_is_of_this_version() -> None:
    """CITATION.cff has the version and the licence of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {project['version']}\n" in citation
    assert f"\nlicense: {project['license']}\n" in citation


def test_steps_have_one_word() -> None:
    """A step's task and its method in the pipeline have the same name."""
    tasks = (ROOT / "worker/tasks.py").read_text()
    for task in Task:
        assert callable(getattr(Pipeline, task))
        assert f"@app.task(name=Task.{task.name})\ndef {task}(" in tasks


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    content = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", content, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """A link to a file of the project leads to one, and to a heading that is there."""
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)", page.read_text()):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"


def prose(page: Path) -> list[str]:
    """The lines of a page without blocks, tables, headings, spans of code and bold leads."""
    content = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in content.splitlines() if not line.startswith(("|", "#", "    "))]
    lines = [re.sub(r"`[^`]*`", "code", line) for line in lines]
    return [re.sub(r"^( *([-*]|\d+\.) )?(\*\*[^*]+\*\*)?", "", line) for line in lines]


@pytest.mark.parametrize(
    "page", sorted({*DOCS} - OTHER_PAGES), ids=lambda page: str(page.relative_to(ROOT))
)
def test_a_line_has_one_sentence(page: Path) -> None:
    """So that a change of a sentence is a change of one line."""
    for line in prose(page):
        assert not re.search(r"[a-z)\d%][.!?]\)? [A-Z]", line), line


@pytest.mark.parametrize(
    "page", sorted({*DOCS} - OTHER_PAGES), ids=lambda page: str(page.relative_to(ROOT))
)
def test_no_page_uses_jq(page: Path) -> None:
    """No page uses jq."""
    assert not re.search(r"\bjq\b", page.read_text())


def test_every_page_is_in_the_index() -> None:
    """docs/index.md links to each page of the documents."""
    linked = re.findall(r"\]\(([\w/-]+\.md)", (ROOT / "docs/index.md").read_text())
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert pages - {"index.md"} == set(linked) & pages


@pytest.mark.parametrize("name", sorted(cli.list_commands(click.Context(cli))))
def test_every_option_is_in_the_page_of_the_command_line(name: str) -> None:
    """docs/command-line.md names each option of a command in the command's section."""
    page = (ROOT / "docs/command-line.md").read_text()
    sections = dict(re.findall(r"^## (\S[^\n]*)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    section = sections[name]
    if "(#options-of-a-job)" in section:
        section += sections["Options of a job"]
    command = cli.get_command(click.Context(cli), name)
    assert command
    for option in command.params:
        if isinstance(option, click.Option) and "--help" not in option.opts:
            for spelled in [*option.opts, *option.secondary_opts]:
                assert f"`{spelled}" in section, f"{name} {spelled}"


def test_a_word_is_defined_once() -> None:
    """Each word of the glossary has one entry, in the order of the alphabet."""
    words = re.findall(r"^\*\*([^*]+)\.\*\*", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    assert len(words) > 30
    assert words == sorted(set(words), key=str.lower)


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_settings_named_in_the_pages_exist(page: Path) -> None:
    """Every SCORELANE_ variable that a page names is a setting, or one of compose or the client."""
    for name in re.findall(r"SCORELANE_([A-Z_]+[A-Z])", page.read_text()):
        assert name.lower() in Settings.model_fields or f"SCORELANE_{name}" in OTHERS, name


def test_every_problem_is_in_the_api_page() -> None:
    """Each error with its own status is documented by its code."""
    page = (ROOT / "docs/api.md").read_text()
    general = {"bad-input", "scorelane-error"}
    for kind in STATUS:
        assert kind.code in general or f"`{kind.code}`" in page, kind.code


@pytest.mark.parametrize(("page", "least"), [("shown.md", 40), ("faults.md", 80)])
def test_the_tests_that_a_table_names_exist(page: str, least: int) -> None:
    """Each module exists, and each `::function` is in the module that was named last in its row."""
    modules = set()
    for row in (ROOT / "docs" / page).read_text().splitlines():
        module = None
        for name, function in re.findall(r"`((?:\w+/)+test_\w+\.py)?(?:::(test_\w+))?`", row):
            if name:
                module = ROOT / "tests" / name
                assert module.exists(), name
                modules.add(name)
            if function:
                assert module, f"{function} has no module in its row"
                assert re.search(
                    rf"^\s*(async )?def {function}\(", module.read_text(), re.MULTILINE
                ), f"{name or module} has no {function}"
    assert len(modules) > least
