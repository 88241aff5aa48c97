"""Rows in and out: what is read from an upload, and what a result looks like."""
