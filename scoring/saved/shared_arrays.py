"""Lets the processes of a worker share the large arrays of an estimator.

Each process loads the estimator from its file, and then replaces its large arrays by mapped ones
with the same content: the first process writes them into the worker's folder of copies, and the
page cache holds them once. The mapping is private, so an estimator may write into an array.

Trees of scikit-learn, and models of XGBoost, LightGBM and CatBoost, hold no arrays of NumPy that
could be replaced.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.saved.parts import all_parts, children
from shared.private_copies import derived_folder

logger = logging.getLogger(__name__)

#: The bytes of an array from which it is shared: each costs a file and a mapping.
LEAST_ARRAY = 2**20

#: The bytes of all arrays of an estimator from which they are shared.
LEAST_TOTAL = 2**24

#: The bytes that are compared at a time.
_CHUNK = 2**20

Array = npt.NDArray[Any]


def share_arrays(estimator: Any, digest: str) -> int:
    """Replace large arrays of an estimator by mapped ones with the same content.

    Outside of a worker, and without room on the disk, it stays as it is.

    Args:
        estimator: just loaded; changed in place.
        digest: the sha256 of its file, in hex.

    Returns:
        The bytes that are mapped now.
    """
    places = list(_large_arrays(estimator))
    # One object may be in several places.
    arrays = {id(array): array for _, _, array in places}
    if sum(array.nbytes for array in arrays.values()) < LEAST_TOTAL:
        return 0
    try:
        folder = derived_folder(digest, lambda made: _write(made, list(arrays.values())))
        if folder is None:
            return 0
        mapped = {
            key: _mapped(_file(folder, number), array)
            for number, (key, array) in enumerate(arrays.items())
        }
    except (OSError, ValueError) as error:
        logger.warning("each process has its own copy of the arrays of a model: %s", error)
        return 0
    for holder, key, array in places:
        holder[key] = mapped[id(array)]
    return sum(array.nbytes for array in mapped.values())


def _large_arrays(estimator: Any) -> Iterator[tuple[Any, Any, Array]]:
    """The large arrays of an estimator, each with the dictionary or list that has it, and its key.

    Only arrays whose bytes are one run: others would get another order, and with it sums that
    differ in the last bit.
    """
    seen: set[int] = set()
    waiting: list[Any] = [*all_parts(estimator)]
    while waiting:
        holder = waiting.pop()
        if id(holder) in seen or isinstance(holder, tuple):
            continue
        seen.add(id(holder))
        for key, value in children(holder):
            if isinstance(value, dict | list):
                waiting.append(value)
            elif _is_large(value):
                yield (holder if isinstance(holder, dict | list) else vars(holder)), key, value


def _is_large(value: Any) -> bool:
    return (
        type(value) is np.ndarray
        and value.nbytes >= LEAST_ARRAY
        and not value.dtype.hasobject
        and value.flags.forc
    )


def _file(folder: Path, number: int) -> Path:
    return folder / f"{number}.npy"


def _write(folder: Path, arrays: list[Array]) -> None:
    for number, array in enumerate(arrays):
        np.save(_file(folder, number), array, allow_pickle=False)


def _mapped(path: Path, array: Array) -> Array:
    """The array in a file, mapped, with the content, the order and the flags of another one.

    Raises:
        ValueError: it has another content.
        OSError: the file cannot be mapped.
    """
    found = np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))
    if not _is_same(found, array):
        raise ValueError(f"{path} has another content than the array of the estimator")
    found.flags.writeable = array.flags.writeable
    return found


def _is_same(one: Array, other: Array) -> bool:
    if (one.dtype, one.shape, one.strides) != (other.dtype, other.shape, other.strides):
        return False
    first, second = (array.ravel(order="K").view(np.uint8) for array in (one, other))
    # In pieces, as a comparison of all takes as much memory again.
    return all(
        np.array_equal(first[begin : begin + _CHUNK], second[begin : begin + _CHUNK])
        for begin in range(0, first.size, _CHUNK)
    )
