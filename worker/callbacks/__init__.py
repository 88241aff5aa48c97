"""Sends the callbacks of ended jobs."""
