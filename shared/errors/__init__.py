"""The errors that both programs raise; `api/errors.py` gives each its HTTP status."""
