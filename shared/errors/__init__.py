"""Errors; the docstring of each is its message. `api/errors.py` gives each its HTTP status."""
