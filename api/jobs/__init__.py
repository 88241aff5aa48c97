"""Jobs over HTTP: one job, the list of jobs, and its events."""
