"""Blobs, and the records that are kept as blobs."""
