"""What the API and the worker must agree on. What one uses alone is in that one."""
