"""`/v1`: the same jobs in the paths and shapes of the OpenAI batch API, for its clients."""
