"""What a request says: its options, terms, limits and body."""
