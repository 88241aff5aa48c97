"""What the API and the worker must agree on. A module that one of them uses alone belongs there."""
