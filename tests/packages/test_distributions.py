"""The two distributions: each is built, installed into an empty environment, and used there."""

import filecmp
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.tags import platform_tags

from hatch_build import SOURCES

pytestmark = pytest.mark.packages

ROOT = Path(__file__).resolve().parents[2]

#: Commands that the client's distribution holds, and those that come with the services.
OF_THE_CLIENT = ["score", "submit", "validate", "status", "results", "errors", "summary", "cancel",
                 "retry", "delete", "jobs", "models", "top"]  # fmt: skip
OF_THE_SERVICES = ["serve", "key", "doctor", "train", "evaluate", "add-model", "compile"]

#: What the client must not bring along.
FORBIDDEN = {"celery", "redis", "kombu", "flask", "numpy", "pandas", "scikit-learn", "tensorflow"}

#: Fails if slower Python code would be used instead.
USES_THE_COMPILED_CODE = """
from scoring.tables.compiled_trees import LIBRARY as trees
from scoring.words.compiled_words import LIBRARY as words
from shared.tables.utf8 import LIBRARY as characters
from worker.steps.record_ends import LIBRARY as records
from worker.tables.libraries import READING, WRITING
assert all([trees, words, characters, records, READING, WRITING])
"""


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program outside the checkout's reach: its folders are on no path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env = kept | options.pop("env", {})
    return subprocess.run(
        [str(one) for one in command],
        capture_output=True,
        text=True,
        env=env,
        check=False,
        timeout=600,
        **options,
    )


def succeed(*command: str | Path, **options: Any) -> str:
    done = run(*command, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both wheels, built from a copy of the tracked files, by the names of their distributions."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheels")
    tracked = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(built)]
    succeed(*pip, source / "packages" / "client", source)
    return {path.name.split("-")[0]: path for path in built.glob("*.whl")}


def environment(folder: Path, python: str | Path = sys.executable) -> Path:
    """An empty environment; the path of its Python."""
    succeed(python, "-m", "venv", folder)
    return folder / "bin" / "python"


def install(python: Path, *what: str | Path) -> set[str]:
    """Install, and name the distributions that are there then, but for pip's own."""
    pip = [python, "-m", "pip"]
    succeed(*pip, "install", "-q", "--no-compile", *what)
    listed = json.loads(succeed(*pip, "list", "--format", "json"))
    return {one["name"].lower() for one in listed} - {"pip", "setuptools", "wheel"}


def pythons() -> list[Any]:
    """Each Python from 3.11 to 3.14, with its path where this machine has it."""
    known = Path.home() / ".pyenv" / "versions"
    found = []
    for minor in range(11, 15):
        own = sys.executable if sys.version_info[:2] == (3, minor) else None
        others = sorted(known.glob(f"3.{minor}.*/bin/python"))
        path = own or (str(others[-1]) if others else shutil.which(f"python3.{minor}"))
        skip = pytest.mark.skipif(path is None, reason=f"no Python 3.{minor} on this machine")
        found.append(pytest.param(path, id=f"3.{minor}", marks=skip))
    return found


@pytest.mark.parametrize("python", pythons())
def test_the_client_is_small_and_alone(
    wheels: dict[str, Path], tmp_path: Path, python: str
) -> None:
    """It brings fewer than 20 packages, none of the services' code, and its commands work."""
    with zipfile.ZipFile(wheels["scorelane"]) as wheel:
        names = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"scorelane"}

    at = environment(tmp_path / "venv", python)
    installed = install(at, wheels["scorelane"])
    assert len(installed) < 20, installed
    assert not installed & FORBIDDEN

    scorelane = at.with_name("scorelane")
    assert set(OF_THE_CLIENT) <= set(succeed(scorelane, "--help").split())
    for command in OF_THE_CLIENT:
        assert "Usage: scorelane" in succeed(scorelane, command, "--help")
    code = "from scorelane import AsyncClient, Client, Job, Retries; print(Client('http://x:1'))"
    assert succeed(at, "-c", code) == "Client('http://x:1')\n"


def test_the_services_have_the_files_of_their_pages(wheels: dict[str, Path]) -> None:
    """Every file that a browser loads, and every template, is in the wheel as it is in the tree."""
    folders = [path for name in ("static", "templates") for path in (ROOT / "api").rglob(name)]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 8
    with zipfile.ZipFile(wheels["scorelane_server"]) as wheel:
        for path in files:
            assert wheel.read(path.relative_to(ROOT).as_posix()) == path.read_bytes()


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_wheel_of_the_services_holds_the_compiled_code(wheels: dict[str, Path]) -> None:
    """Each library is in it, and the tag binds it to systems that can load them, not to a Python.

    The glibc of the tag is not newer than this machine's, and older where no function needs it.
    """
    wheel = wheels["scorelane_server"]
    with zipfile.ZipFile(wheel) as content:
        assert {Path(name).with_suffix(".so").as_posix() for name in SOURCES} <= set(
            content.namelist()
        )
    python, abi, platform = wheel.stem.split("-")[-3:]
    assert (python, abi) == ("py3", "none")
    assert platform in set(platform_tags())
    assert not platform.startswith("linux_")


@pytest.mark.parametrize("python", pythons())
def test_the_compiled_code_needs_no_compiler(
    wheels: dict[str, Path], tmp_path: Path, python: str
) -> None:
    """Where no program but Python can be found, it is installed and loaded by each Python."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler has built it")
    at = environment(tmp_path / "venv", python)
    alone = {"PATH": str(at.parent)}
    assert shutil.which("cc", path=alone["PATH"]) is None
    pip = ["install", "-q", "--no-deps", "--no-index", wheels["scorelane_server"]]
    succeed(at, "-m", "pip", *pip, env=alone)
    code = f"""
from pathlib import Path
import shared
from shared.compiled import library
root = Path(shared.__file__).parent.parent
assert all(library((root / name).with_suffix(".so"), []) for name in {SOURCES})
"""
    succeed(at, "-c", code, cwd=tmp_path, env=alone)


def test_a_command_of_the_services_says_what_to_install(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    """Without the services, each of their commands ends with one line that names them."""
    at = environment(tmp_path / "venv")
    install(at, wheels["scorelane"])
    scorelane = at.with_name("scorelane")
    rows = tmp_path / "rows.csv"
    rows.write_text("text\nI am well\n")
    for command in [[name] for name in OF_THE_SERVICES] + [["score", str(rows), "-o", "out.csv"]]:
        done = run(scorelane, *command, cwd=tmp_path)
        assert done.returncode in {2, 3}, (command, done)
        assert "scorelane[server]" in done.stderr, (command, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1, (command, done.stderr)


def test_the_services_run_from_their_wheels(wheels: dict[str, Path], tmp_path: Path) -> None:
    """With both distributions a file is scored by a service of its own, with a bundled model."""
    at = environment(tmp_path / "venv")
    serve = f"{wheels['scorelane_server']}[serve]"
    install(at, "-c", ROOT / "constraints.txt", wheels["scorelane"], serve)
    scorelane = at.with_name("scorelane")
    for command in OF_THE_CLIENT + OF_THE_SERVICES:
        assert "Usage: scorelane" in succeed(scorelane, command, "--help", cwd=tmp_path)
    if shutil.which("cc"):
        succeed(at, "-c", USES_THE_COMPILED_CODE, cwd=tmp_path)
    rows = tmp_path / "rows.csv"
    rows.write_text("ref,text\n7,What a lovely day\n8,\n")
    succeed(scorelane, "score", rows, "-o", tmp_path / "scored.csv", cwd=tmp_path)
    first, *scored = (tmp_path / "scored.csv").read_text().splitlines()
    assert first == "ref,Sentiment_Score,error"
    assert [line.split(",")[0] for line in scored] == ["7", "8"]
    assert 0.5 < float(scored[0].split(",")[1]) <= 1
    assert scored[1] == "8,,the text is empty"
    assert "Redis" not in succeed(scorelane, "key", "alice", cwd=tmp_path)

    done = run(scorelane, "train", ROOT / "examples" / "labelled.csv", "--kind", "deep",
               "--name", "mine", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 2
    assert "scorelane-server[keras]" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_both_have_one_version_and_one_licence() -> None:
    """Both pyproject.toml name the same version, and the licence whose text is next to them."""
    ours, clients = (
        tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        for folder in (ROOT, ROOT / "packages" / "client")
    )
    assert ours["version"] == clients["version"]
    assert f"scorelane == {clients['version']}" in ours["dependencies"]
    assert ours["license"] == clients["license"] == "Apache-2.0"
    assert filecmp.cmp(ROOT / "LICENSE", ROOT / "packages/client/LICENSE", shallow=False)
