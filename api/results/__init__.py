"""Results over HTTP: downloads, pages, partial results, errors and summary."""
