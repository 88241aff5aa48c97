"""Texts that a new model of texts must score."""

#: What a model gives for them is shown, so that a person can judge.
PROOF = [
    "I am well",
    "This is wonderful, I love it!",
    "This is terrible, I hate it.",
    "It isn't bad at all.",
    "The parcel arrived on Monday.",
]
