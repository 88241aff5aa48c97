"""The whole service on one machine: Redis, the API and a worker as child processes."""
