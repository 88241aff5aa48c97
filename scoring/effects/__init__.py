"""The effects of terms and columns on the number that a model computes for a row."""
