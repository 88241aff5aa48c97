"""What a job is, and the contract of the store that keeps jobs."""
