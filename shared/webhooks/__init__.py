"""Callbacks: the message, its signature, and the addresses it may go to."""
