"""The client's calls, one file for each kind."""
