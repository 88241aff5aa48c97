"""How exactly a file gives its numbers."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: The sign, the digits before the decimal sign, those after it, and the exponent.
_PARTS = re.compile(r"[+-]?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?", re.ASCII)


def allowed_differences(
    cells: Sequence[str],
    numbers: npt.NDArray[np.float64],
    decimal: str = ".",
    exact: float = 1e-6,
) -> npt.NDArray[np.float64]:
    """How far the exact number may be from each number of a column, because it was rounded.

    A column was printed with a fixed number of decimals, or of significant digits, and zeros at the
    end may be left out. So the unit of the last digit is that of the longest cell, in either way of
    counting; the larger of both units is never too small.

    Args:
        cells: the n cells of the column, as they are in the file.
        numbers: their values; NaN where one is missing.
        decimal: the decimal sign.
        exact: how far it may be from a number with all digits, as a share of it if that is over 1.
    """
    decimals, significant = 0, 1
    for cell in cells:
        found = _PARTS.fullmatch(cell.strip().replace(decimal, "."))
        if found is None:
            continue
        whole, fraction, exponent = found[1] or "", found[2] or "", int(found[3] or 0)
        decimals = max(decimals, len(fraction) - exponent)
        significant = max(significant, len((whole + fraction).lstrip("0")))
    sizes = np.abs(np.where(np.isfinite(numbers) & (numbers != 0), numbers, 1.0))
    places = np.floor(np.log10(sizes)) + 1
    # Beyond 16 digits a double has no more.
    units = np.maximum(10.0 ** -min(decimals, 300), 10.0 ** (places - min(significant, 17)))
    units[np.nan_to_num(numbers) == 0] = 10.0 ** -min(decimals, 300)
    # A little more than half, as 0.125 may be rounded to 0.12 and to 0.13.
    return np.maximum(0.5 * (1 + 1e-6) * units, exact * np.maximum(1, np.abs(numbers)))
