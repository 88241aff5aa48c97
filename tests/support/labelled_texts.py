"""A few texts with labels of several kinds, to fit small pipelines to."""

TEXTS = ["good", "very good and fine", "bad", "very bad and awful", "so", "so so", "good", "bad"]
TWO = [1, 1, 0, 0, 0, 1, 1, 0]
WORDS = ["happy", "happy", "sad", "sad", "sad", "happy", "happy", "sad"]
THREE = ["positive", "positive", "negative", "negative", "neutral", "neutral"]
STARS = [5, 4, 1, 2, 3, 3, 5, 1]
