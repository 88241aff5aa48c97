"""For programs of a test whose clock is to be wrong: Python imports this before all else."""

import os
import time

_skew = float(os.environ.get("SKEW_SECONDS", "0"))
_time, _time_ns = time.time, time.time_ns

time.time = lambda: _time() + _skew
time.time_ns = lambda: _time_ns() + round(_skew * 1e9)
