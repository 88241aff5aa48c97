"""Drift: how far what was counted of rows is from the reference of their model."""
