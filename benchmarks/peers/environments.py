"""The peers' virtual environments, which `python -m benchmarks.peers install` creates."""

import re
import subprocess
import sys
from pathlib import Path

from benchmarks.report import BadUse

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

#: The folder of the environments; git ignores it.
ENVIRONMENTS = HERE.parent / ".peers"

#: The module of a peer -> its name. Its requirements are in the .txt file of the same name.
PEERS = {
    "ray_data": "Ray Data",
    "dask_frame": "Dask",
    "polars_script": "Polars",
    "litserve_app": "LitServe",
    "mlserver_runtime": "MLServer",
}

#: Libraries that a peer must have in Scorelane's versions; with others the .pkl may give other
#: scores or be unreadable.
_OURS = ("scikit-learn", "numpy", "scipy", "joblib", "pandas")


def install(peer: str) -> None:
    """Create a peer's environment, unless it exists with the current requirements.

    Raises:
        benchmarks.report.BadUse: the installation failed; pip has printed the reason.
    """
    folder = ENVIRONMENTS / peer
    wanted = [*_requirements(peer), *_our_versions()]
    installed = folder / "installed.txt"
    if installed.exists() and installed.read_text(encoding="utf-8").split() == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    python = str(folder / "bin" / "python")
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
    ):
        if subprocess.run(command, check=False).returncode:
            raise BadUse(f"{PEERS[peer]} could not be installed: {' '.join(command)}")
    installed.write_text("\n".join(wanted) + "\n", encoding="utf-8")


def python_of(peer: str) -> Path:
    """The Python of a peer's environment.

    Raises:
        benchmarks.report.BadUse: the environment does not exist.
    """
    python = ENVIRONMENTS / peer / "bin" / "python"
    if not python.exists():
        raise BadUse(f"{PEERS[peer]} is not installed: python -m benchmarks.peers install {peer}")
    return python


def version_of(peer: str) -> str:
    """The name and version of a peer, from its requirements."""
    return _requirements(peer)[0]


def _requirements(peer: str) -> list[str]:
    lines = (HERE / f"{peer}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _our_versions() -> list[str]:
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return re.findall(rf"^(?:{'|'.join(_OURS)})==\S+", constraints, re.MULTILINE)
