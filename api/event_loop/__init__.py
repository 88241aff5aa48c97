"""The event loop of an API process, as far as it handles requests without a thread."""
