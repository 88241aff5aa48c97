"""Jobs over HTTP: one job, its events, and the list of jobs."""
