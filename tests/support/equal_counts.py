"""Compares sparse matrices of counts."""

from typing import Any


def equal_counts(found: Any, expected: Any) -> bool:
    """Whether two CSR matrices have the same type, shape and cells, in the same order."""
    return bool(
        found.dtype == expected.dtype
        and found.shape == expected.shape
        and found.indptr.tolist() == expected.indptr.tolist()
        and found.indices.tolist() == expected.indices.tolist()
        and found.data.tolist() == expected.data.tolist()
    )
