"""What a worker counts and publishes."""
