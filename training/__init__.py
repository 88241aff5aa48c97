"""From a labelled CSV to a model folder, and from a model and a labelled CSV to figures."""
