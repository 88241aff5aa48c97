"""Heartbeat, status, stall detection, and the search for lost work."""
