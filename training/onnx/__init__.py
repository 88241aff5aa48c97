"""Keras models compiled to ONNX."""
