"""Programs that use other projects' libraries, in the environments of `make test-clients`."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from support.programs import ROOT

PROGRAMS = ROOT / "tests" / "programs" / "clients"

#: Of such programs: no module of this project, and no report to MLflow's makers.
ENVIRONMENT = {
    **{name: text for name, text in os.environ.items() if not name.startswith("PYTHON")},
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}


def python_of(environment: str) -> Path:
    """The interpreter of an environment, `clients` or `mlserver`."""
    python = ROOT / f".venv-{environment}" / "bin" / "python"
    assert python.exists(), f"{python} is missing: run `make test-clients`, which installs it"
    return python


def run_client(environment: str, program: str, *arguments: str, given: Any = None) -> Any:
    """Run a program of `tests/programs/clients`; returns the JSON that it prints at its end.

    Args:
        environment: `clients` or `mlserver`.
        program: its name, without `.py`.
        arguments: its arguments.
        given: what it reads from its standard input as JSON.
    """
    ended = subprocess.run(
        [str(python_of(environment)), str(PROGRAMS / f"{program}.py"), *arguments],
        input=json.dumps(given),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    # Libraries may print lines of their own before it.
    return json.loads(ended.stdout.splitlines()[-1])
