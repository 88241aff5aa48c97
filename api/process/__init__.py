"""State that lives in one API process: waits, streams, memory and logs."""
