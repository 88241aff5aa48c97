"""Which commands are installed, and the messages if their services or libraries are missing."""

import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import click
import pytest
from support.commands import run

from scorelane.commands import command_table
from scorelane.commands.command_table import COMMANDS
from scorelane.commands.common.extras import installation_of
from scorelane.commands.common.failures import failure_of
from scorelane.stack import programs
from scorelane.stack.errors import NotInstalled
from shared.errors.model import NoRuntime

CLIENT = [name for name, known in COMMANDS.items() if not known.of_services]
SERVICES = [name for name, known in COMMANDS.items() if known.of_services]

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))

#: The modules of the services' distribution.
OF_THE_SERVICES = [
    path.removesuffix(".py").replace("/", ".")
    for path in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
]

#: Runs a command as if only the distribution of the client were installed.
CLIENT_ONLY = f"""
import sys
for name in {OF_THE_SERVICES}:
    sys.modules[name] = None
for name in ("celery", "redis", "pydantic", "flask", "pandas", "numpy", "prometheus_client"):
    sys.modules[name] = None
from importlib import metadata
metadata.entry_points = lambda group: ()
from scorelane.commands.main import main
main()
"""


def run_client_only(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CLIENT_ONLY, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_distributions_agree_with_the_table() -> None:
    """The services' entry points are the commands that the table says come with the services."""
    assert set(PROJECT["project"]["entry-points"][command_table.GROUP]) == set(SERVICES)
    for path in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]:
        assert (Path(__file__).parents[2] / path).exists(), path
    assert all("-" not in name for name in CLIENT), "a client's command is the name of its module"


def test_help_imports_no_command() -> None:
    """`scorelane --help` imports neither a command nor an HTTP client, so it is quick."""
    code = """
import sys
from scorelane.commands.main import cli
cli(["--help"], standalone_mode=False)
loaded = [name for name in ("httpx", "rich", "scorelane.commands.score") if name in sys.modules]
print(loaded)
"""
    command = [sys.executable, "-c", code]
    page = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Commands:" in page
    assert page.endswith("[]\n")


def test_help_without_the_services() -> None:
    """The help lists the client's commands, and says what brings the others."""
    page = run_client_only("--help").stdout
    listed = page.split("Commands:")[1].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in listed if line] == CLIENT
    assert "pip install 'scorelane[server]'" in " ".join(page.split())
    assert all(name in page for name in SERVICES)


def test_every_command_of_the_client_runs_without_the_services() -> None:
    """A command of the client imports nothing of the services."""
    code = CLIENT_ONLY.replace(
        "main()\n",
        f"from scorelane.commands import command_table\n"
        f"for name in {CLIENT}: command_table.load(name).get_help\n",
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("command", SERVICES)
def test_a_command_of_the_services_without_them(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is one line that says what to install; the exit code is 2."""
    monkeypatch.setattr(command_table, "entry_points", lambda group: ())  # noqa: ARG005
    result = run(command, "--help")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: `scorelane {command}` needs the services: pip install 'scorelane[server]'\n"
    )


def test_score_without_url_and_services(file: Path) -> None:
    """`score` says in one line that it needs `--url` or the services."""
    result = run_client_only("score", str(file))
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "--url" in result.stderr
    assert "pip install 'scorelane[server]'" in result.stderr


def test_an_error_without_the_services() -> None:
    """An expected error is a message, although the services' error classes cannot be imported."""
    result = run_client_only("status", "x", "--url", "http://127.0.0.1:9")
    assert result.returncode == 3
    assert result.stderr.startswith("Error: Nothing answers")


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("sklearn", "worker"),
        ("pandas", "worker"),
        ("tensorflow", "keras"),
        ("matplotlib", "report"),
    ],
)
def test_an_extra_that_is_missing(
    module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a library is missing, the message is one line that names the extra."""
    data = tmp_path / "data.csv"
    data.write_text("text,label\ngood,1\n")
    training = ModuleType("training.train")

    def train(*_: object, **__: object) -> None:
        raise ModuleNotFoundError(f"No module named '{module}'", name=module)

    training.train = train  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "training.train", training)
    result = run("train", str(data), "--name", "mine")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        f"Error: `scorelane train` needs {module}, which is missing: "
        f"pip install 'scorelane-server[{extra}]'"
    )


def test_a_library_that_a_command_imports_at_its_top(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is named also if the import of the command itself fails."""

    class Point:
        name = "doctor"

        def load(self) -> click.Command:
            raise ModuleNotFoundError("No module named 'flask.x'", name="flask.x")

    monkeypatch.setattr(command_table, "entry_points", lambda group: [Point()])  # noqa: ARG005
    result = run("doctor")
    assert result.exit_code == 2
    assert "needs flask.x, which is missing: pip install 'scorelane-server[api]'" in result.stderr


def test_a_stack_whose_libraries_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the missing libraries of the programs, and the extra, before any starts."""
    installed = programs.find_spec
    monkeypatch.setattr(
        programs, "find_spec", lambda name: None if name == "gunicorn" else installed(name)
    )
    with pytest.raises(
        NotInstalled, match=r"\(gunicorn\): pip install 'scorelane-server\[serve\]'"
    ):
        programs.check_installed()


def test_a_runtime_whose_library_is_missing() -> None:
    """The error of a model that cannot be loaded here names the extra too."""
    cause = ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")
    error = NoRuntime(name="deep", format="hdf5", reason=cause)
    error.__cause__ = cause
    failure = failure_of(error, click.Command("evaluate"))
    assert failure is not None
    assert failure.message.endswith("pip install 'scorelane-server[worker]'")


def test_a_missing_module_of_no_extra() -> None:
    """A missing module that no extra brings is a bug, and keeps its traceback."""
    assert installation_of("no_such_module") is None
    assert failure_of(ModuleNotFoundError(name="no_such_module"), click.Command("x")) is None
