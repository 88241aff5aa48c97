"""What both programs, the API and the worker, must agree on; nothing else may live here."""
