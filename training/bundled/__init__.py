"""The recipe of the bundled models; run it with `python -m training.bundled`."""
