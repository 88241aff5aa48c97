"""The reason why the scores of an estimator cannot be explained."""


class NotExplained(ValueError):
    """The scores of an estimator cannot be explained; the message says why, as a user reads it."""
