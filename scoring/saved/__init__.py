"""Reads estimators that another version of scikit-learn saved, so that their scores stay equal."""
