"""The console: the page of the service for people, which uses the public API alone."""
