"""Compares a new model with the outputs of its user's own script, before it is served."""
