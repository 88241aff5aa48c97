"""`/v1` batches: from lines of requests to rows."""
