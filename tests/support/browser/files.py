"""Files that a person drops on a page."""

from pathlib import Path

import pandas as pd
from support.programs import many_rows


def csv_file(folder: Path, rows: int = 200_000) -> tuple[Path, pd.DataFrame]:
    """A CSV with different texts, some with quotes and line ends, and its rows.

    `check_rows(read_results(saved), frame)` of `support.programs` holds the scores in a downloaded
    file against those that the test computes.
    """
    content, frame = many_rows(rows)
    path = folder / f"rows-{rows}.csv"
    path.write_bytes(content)
    return path, frame
