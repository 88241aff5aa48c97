"""Keras networks: texts to word numbers, and their scores by ONNX Runtime or TensorFlow."""
