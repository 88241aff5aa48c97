"""What belongs to one API process: its waits, streams, counters, memory and access log."""
