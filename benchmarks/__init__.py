"""The benchmarks. Run `python -m benchmarks --help`."""
