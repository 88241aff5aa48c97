"""Usage over HTTP: what was scored for whom, and how that is summed up."""
