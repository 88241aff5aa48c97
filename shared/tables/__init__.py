"""Rows in and out: how rows are cut and read, and how result rows are written."""
