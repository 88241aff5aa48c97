"""What an operator asks for: health, models, workers and metrics."""
