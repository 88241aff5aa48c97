"""Rows for the small ONNX graphs."""

import numpy as np
import pandas as pd

ROWS = np.array([[0.5, 2.0, -1.0], [3.0, -0.25, 0.0], [0.0, 0.0, 0.125]])


def frame(names=("x0", "x1", "x2"), rows=ROWS):
    return pd.DataFrame(rows, columns=list(names))
