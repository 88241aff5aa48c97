"""Keras networks: tokenising texts to word numbers, and scoring in ONNX Runtime or TensorFlow."""
