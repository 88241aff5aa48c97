"""The API under requests that schemathesis generates from its OpenAPI document."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.programs import Programs

pytestmark = pytest.mark.stack

SUPPORT = Path(__file__).resolve().parent.parent / "support"

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]


def test_the_api_conforms_to_its_document(service: Programs, tmp_path: Path) -> None:
    """Valid and invalid requests give no server error and no undocumented response."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run",
        f"{service.client.base_url}/openapi.json",
        "--checks", ",".join(CHECKS), "--max-examples", "25", "--seed", "1", "--no-color",
        "--phases", "examples,coverage,fuzzing,stateful", "--request-timeout", "30",
    ]  # fmt: skip
    env = {**service.env, "SCHEMATHESIS_HOOKS": "schema_hooks", "PYTHONPATH": str(SUPPORT)}
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert service.status("/livez") == 200
