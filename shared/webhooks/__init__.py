"""Webhooks: the addresses that callbacks may go to."""
