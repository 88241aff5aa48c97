"""Models that score from mapped arrays, without scikit-learn and without a copy per process."""
