"""The steps of a job: split, score, close, finish; and small jobs."""
