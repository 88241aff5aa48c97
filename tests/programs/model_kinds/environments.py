"""Makes the environments in which libraries run that this project's own does not hold."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

_OLD = ("numpy<2", "pandas<3", "cloudpickle")

#: Name -> what pip installs. `more` sees this project's own environment too.
ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "more": ("xgboost-cpu", "lightgbm", "catboost", "skl2onnx", "mlflow"),
    **{
        f"scikit-learn-{one}": (f"scikit-learn=={one}", *_OLD)
        for one in ("1.2.2", "1.5.2", "1.6.1")
    },
    "keras-2.15": ("tensorflow-cpu==2.15.*", "pandas<3"),
}

#: Names that see this project's own environment.
_WITH_OURS = ("more",)

_ROOT = Path(__file__).resolve().parents[3]


def python_of(folder: Path | None, name: str) -> Path:
    """The Python of an environment, which is made if it is not complete; empty name: this one."""
    if not name or folder is None:
        return Path(sys.executable)
    home = folder / name
    python, complete = home / "bin" / "python", home / "complete"
    if not complete.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        if name in _WITH_OURS:
            ours = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
            packages = home / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
            (packages / "ours.pth").write_text(ours, encoding="utf-8")
        install = [python, "-m", "pip", "install", "--quiet", *ENVIRONMENTS[name]]
        subprocess.run(install, check=True)
        complete.touch()
    return python


def run(python: Path, module: str, *arguments: str) -> str:
    """Run a module of this package, and return what it prints.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    # Without the variable TensorFlow prints a screen of hints.
    paths = {"PYTHONPATH": f"{_ROOT}:{_ROOT / 'tests'}", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [python, "-W", "ignore", "-m", f"programs.model_kinds.{module}", *arguments]
    return subprocess.run(
        command, env=os.environ | paths, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
