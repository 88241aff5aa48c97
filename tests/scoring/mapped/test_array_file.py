import io
from pathlib import Path

import numpy as np
import pytest

from scoring.mapped.array_file import ALIGNMENT, read_arrays, write_arrays

ARRAYS = {
    "numbers": np.arange(7, dtype=np.int64),
    "table": np.linspace(0, 1, 6).reshape(3, 2),
    "entries": np.array([(1, 2)], dtype=[("key", "<u8"), ("number", "<i4")]),
    "bytes": np.frombuffer(b"some words", np.uint8),
    "nothing": np.zeros(0),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "arrays.npz"
    write_arrays(written, {"format": 1, "half": 0.5}, ARRAYS)
    return written


def check(found: object) -> None:
    assert isinstance(found, dict)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
        assert not found[name].flags.writeable


def test_a_mapped_file_gives_the_arrays_that_were_written(path: Path) -> None:
    """Arrays of all kinds come back; nobody can write to them; the file may be closed meanwhile."""
    with path.open("rb") as file:
        about, arrays = read_arrays(file)
    assert about == {"format": 1, "half": 0.5}
    check(arrays)


def test_arrays_begin_where_a_processor_reads_them_at_once(path: Path) -> None:
    """Compiled code uses the arrays where they are, so they are aligned."""
    with path.open("rb") as file:
        _, arrays = read_arrays(file)
    assert {array.ctypes.data % ALIGNMENT for array in arrays.values() if array.size} == {0}


def test_a_file_in_memory_gives_the_same(path: Path) -> None:
    """A file that was read whole is used like a mapped one."""
    with io.BytesIO(path.read_bytes()) as file:
        about, arrays = read_arrays(file)
    assert about["format"] == 1
    check(arrays)


def test_numpy_itself_reads_the_file(path: Path) -> None:
    """The file is an ordinary `.npz`."""
    with np.load(path) as found:
        np.testing.assert_array_equal(found["table"], ARRAYS["table"])


def test_the_same_arrays_give_the_same_bytes(path: Path, tmp_path: Path) -> None:
    """The digest of a file depends on its content alone."""
    write_arrays(tmp_path / "again.npz", {"format": 1, "half": 0.5}, ARRAYS)
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("content", [b"no archive" * 10, b"PK\x05\x06" + bytes(18)])
def test_another_file_is_refused(content: bytes) -> None:
    """A file that is no archive, or one without arrays, is no file of arrays."""
    with io.BytesIO(content) as file, pytest.raises(ValueError, match="no file of arrays"):
        read_arrays(file)
