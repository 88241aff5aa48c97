"""What a start imports: each of these libraries would take a good part of it, and of the memory."""

import subprocess
import sys

import pytest

from scoring.words.compiled_words import LIBRARY
from shared.config.places import BUNDLED_MODELS

#: A scoring process of a worker, from its import to the model that it has loaded.
WORKER = """
import sys
import worker.__main__
from pathlib import Path
from shared.card import read_card
from worker.models.kept_files import KeptFiles
from worker.models.loading import load_version
folder = Path(sys.argv[1])
loaded = load_version(folder, read_card(folder).full_name, KeptFiles(folder))
print(type(loaded.model).__name__)
"""

SUPERVISOR = "import sys, scorelane.stack.supervisor\n"

LOADED = "print(*(name for name in sys.argv[2:] if name in sys.modules))"


def imported(program: str, *names: str) -> list[str]:
    """The lines that a program prints in a process of its own, and then which of `names` it has."""
    command = [sys.executable, "-c", program + LOADED, str(BUNDLED_MODELS / "fast"), *names]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.skipif(LIBRARY is None, reason="scikit-learn scores without compiled code")
def test_a_proven_word_pipeline_needs_no_scikit_learn() -> None:
    """A process that serves `fast` scores from its mapped file, and imports no other runtime."""
    never = ("sklearn", "scipy", "joblib", "tensorflow", "onnxruntime", "lightgbm", "obstore")
    never += ("threadpoolctl", "pyarrow.parquet")
    assert imported(WORKER, *never) == ["MappedWordsModel", ""]


def test_a_worker_does_not_import_the_command_line_of_celery() -> None:
    """It makes Celery's worker itself: the command would import a shell for a terminal."""
    assert imported(WORKER, "celery.bin.celery", "prompt_toolkit", "rich")[-1] == ""


@pytest.mark.parametrize("library", ["redis", "httpx", "celery", "numpy", "rich"])
def test_the_supervisor_starts_programs_before_it_imports_clients(library: str) -> None:
    """`scorelane score` waits for its imports, before any program of its service starts."""
    assert imported(SUPERVISOR, library) == [""]
