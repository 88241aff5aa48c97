"""Drift: how far the rows of a job are from those that its model was made with."""
