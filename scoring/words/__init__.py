"""A fast implementation of scikit-learn's word pipelines, as compiled code or array operations."""
