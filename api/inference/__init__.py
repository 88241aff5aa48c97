"""Scoring rows of any signature while the client waits, by the protocols that clients know."""
