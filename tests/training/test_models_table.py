"""What `docs/models-tried.md` says, for models that need no other environment."""

from pathlib import Path

import joblib
import pytest
from programs.model_kinds import files, refused, tables, texts
from programs.model_kinds.trying import tried

#: All of these kinds would take a minute.
KINDS = [*tables.KINDS[::3], *texts.KINDS[::3], *files.KINDS[::2], *refused.KINDS]

# Histogram gradient boosting asks a program, once, how many cores there are.
joblib.cpu_count(only_physical_cores=True)

PAGE = Path(__file__).parents[2] / "docs" / "models-tried.md"

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_model_gives_its_own_outputs_or_is_refused(tmp_path, kind):
    """No output differs by more than the kind allows, and what must be refused is."""
    kind.write(tmp_path / "theirs")
    found = tried(tmp_path / "theirs", measure=False)
    assert found["fault"] == ""
    assert found["accepted"] == kind.accepted


def test_the_page_has_all_kinds():
    """`tests/programs/models_table.py --page` writes it; a new kind must be tried for it."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for module in (tables, texts, files, refused):
        for kind in module.KINDS:
            (line,) = (
                line
                for heading, line in _rows(lines)
                if (heading, line.split(" | ")[0]) == (kind.group, f"| {kind.name}")
            )
            assert ("| refused: " in line) != kind.accepted


def _rows(lines):
    heading = ""
    for line in lines:
        heading = line.removeprefix("## ") if line.startswith("## ") else heading
        yield heading, line
