"""The outputs that a job has beyond those of its model: how the worker makes their values."""
