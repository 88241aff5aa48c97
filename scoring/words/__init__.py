"""Word pipelines of scikit-learn as compiled code."""
