"""The addresses of arrays, for the compiled library."""

import ctypes
from typing import Any

import numpy.typing as npt


def address(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    """The address of an array. The caller must keep a reference, or the array may be freed."""
    return ctypes.c_void_p(array.ctypes.data)
