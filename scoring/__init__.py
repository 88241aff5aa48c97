"""DataFrame in, DataFrame out: the runtimes that run a saved model."""
