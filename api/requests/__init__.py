"""Reading a request: its options, terms, limits and body."""
