"""Endpoints for operators: health, models, workers and metrics."""
