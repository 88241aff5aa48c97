"""Programs that handle no Parquet do not load pyarrow, which costs memory."""

import subprocess
import sys


def test_the_api_and_the_conversion_import_no_pyarrow() -> None:
    """Neither does so at its start: an uploaded Parquet file is read in a process of its own."""
    code = (
        "import sys, api.app, worker.steps.parquet_input; "
        "sys.exit(sorted({'pyarrow', 'numpy', 'pandas'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
