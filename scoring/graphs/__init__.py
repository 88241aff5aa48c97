"""Runs ONNX files: a session of ONNX Runtime, what goes into a graph, and what comes out of it."""
