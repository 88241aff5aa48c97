"""Who sends no Parquet pays nothing for it."""

import subprocess
import sys


def test_the_api_imports_no_parquet() -> None:
    """Neither it nor what cuts uploads: a Parquet file is read in a process of its own."""
    code = (
        "import sys, api.app, worker.steps.parquet_input; "
        "sys.exit(sorted({'pyarrow', 'numpy', 'pandas'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
