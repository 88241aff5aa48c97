"""The runtimes: each loads a saved model and turns a DataFrame of texts into one of scores."""
