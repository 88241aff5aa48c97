"""Trains models from labelled CSV files, adds models of the user, and measures models."""
