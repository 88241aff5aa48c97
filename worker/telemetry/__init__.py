"""The journal of a worker, its counters, and the server of its metrics."""
