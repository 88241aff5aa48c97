"""The import contracts between the packages: `make check` fails if an import breaks one."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("api", "worker", "shared", "scoring", "training", "scorelane")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages and their contracts."""
    copy = tmp_path_factory.mktemp("tree")
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [command, "--no-cache"],
        cwd=tree,
        env={"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_arrow_is_crossed(tree: Path) -> None:
    """The code keeps every contract."""
    found = lint_imports(tree)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("file", "crossing", "contract"),
    [
        ("api/operations/health.py", "import worker.pipeline", "The api and the worker never meet"),
        ("api/operations/health.py", "import pandas", "The api knows nothing but shared"),
        ("worker/pipeline.py", "import scoring.sklearn_model", "The worker knows nothing but"),
        ("worker/upkeep/heartbeat.py", "import flask", "The worker knows nothing but shared"),
        ("shared/jobs/job.py", "import scoring.networks.text", "Shared depends on neither program"),
        ("scoring/networks/text.py", "import training.data", "The command line may use everything"),
        (
            "scoring/networks/text.py",
            "import tensorflow",
            "TensorFlow is imported by tensorflow_network",
        ),
    ],
)
def test_a_crossed_arrow_is_named(tree: Path, file: str, crossing: str, contract: str) -> None:
    """An import that breaks a contract fails the check, which names the contract."""
    path = tree / file
    before = path.read_text()
    path.write_text(f"{before}\n{crossing}\n")
    try:
        found = lint_imports(tree)
    finally:
        path.write_text(before)
    assert found.returncode == 1
    broken = " ".join(found.stdout.split()).partition("Broken contracts")[2]
    assert contract in broken


def test_http_is_spoken_by_the_client_alone() -> None:
    """A command speaks to a service by the client, and by nothing else.

    `doctor` also looks at the metrics port of a worker, which is no part of the API.
    """
    speaks = re.compile(
        r"^\s*(import|from) (httpx|http\.client|urllib\.request|requests)\b", re.MULTILINE
    )
    folder = ROOT / "scorelane"
    speakers = {
        path.relative_to(folder)
        for path in folder.rglob("*.py")
        if speaks.search(path.read_text(encoding="utf-8"))
    }
    others = {path for path in speakers if path.parts[0] != "client"}
    assert others == {Path("commands/checks/host.py")}
