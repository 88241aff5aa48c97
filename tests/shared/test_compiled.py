import shutil
from pathlib import Path

import pytest

from shared.compiled import library
from worker.steps import record_ends
from worker.tables import libraries


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_is_compiled_where_there_is_a_compiler() -> None:
    """The installation has compiled the libraries."""
    assert None not in (record_ends.LIBRARY, libraries.READING, libraries.WRITING)


def test_a_library_that_cannot_be_loaded_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A library for another machine is named in the log; a missing one is not."""
    path = tmp_path / "words.so"
    assert library(path, []) is None
    assert not caplog.text
    path.write_bytes(b"of another machine")
    assert library(path, []) is None
    assert f"{path} cannot be loaded" in caplog.text


@pytest.mark.skipif(record_ends.LIBRARY is None, reason="nothing was compiled")
def test_a_library_of_an_older_release_is_done_without(caplog: pytest.LogCaptureFixture) -> None:
    """A library that lacks a function is not used: calling it would end the process."""
    path = Path(record_ends.__file__).with_name("records.so")
    assert library(path, ["not_yet"]) is None
    assert "not_yet" in caplog.text


@pytest.mark.skipif(record_ends.LIBRARY is None, reason="nothing was compiled")
def test_a_library_of_other_sources_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A library is not used where a source has changed since: it could give wrong values."""
    root = Path(record_ends.__file__).parents[2]
    for name in (
        "worker/steps/records.so",
        "worker/steps/records.c",
        "worker/tables/cell_ends.h",
        "worker/tables/byte_masks.h",
        "shared/bytes.h",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((root / name).read_bytes())
    path = tmp_path / "worker" / "steps" / "records.so"
    assert library(path, ["records_look"]) is not None
    with (tmp_path / "shared" / "bytes.h").open("a") as included:
        included.write("/* Another line. */\n")
    assert library(path, ["records_look"]) is None
    assert "other sources than records.c" in caplog.text


@pytest.mark.skipif(record_ends.LIBRARY is None, reason="nothing was compiled")
def test_a_library_without_its_sources_is_used(tmp_path: Path) -> None:
    """Where no source lies beside it, a library is used as it is."""
    path = tmp_path / "records.so"
    path.write_bytes(Path(record_ends.__file__).with_name("records.so").read_bytes())
    assert library(path, ["records_look"]) is not None
