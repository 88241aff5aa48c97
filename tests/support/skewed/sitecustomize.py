"""Shifts the clock of a program by SKEW_SECONDS. Python imports this module before the program."""

import os
import time

_skew = float(os.environ.get("SKEW_SECONDS", "0"))
_time, _time_ns = time.time, time.time_ns

time.time = lambda: _time() + _skew
time.time_ns = lambda: _time_ns() + round(_skew * 1e9)
