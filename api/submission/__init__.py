"""Taking in a job: from a request to a recorded job."""
