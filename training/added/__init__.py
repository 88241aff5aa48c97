"""Reads the files of a user's own model, and decides how to serve it."""
