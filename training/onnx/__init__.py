"""Compiles Keras models to ONNX."""
