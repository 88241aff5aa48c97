"""Finds out what an estimator is, whether it can give scores, and what its classes are worth."""
