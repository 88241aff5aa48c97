"""Keras networks: tokenising texts to word numbers, and scoring in ONNX Runtime or TensorFlow."""

import os

# Read when Keras and TensorFlow are imported, so set before any module here imports them: this
# silences TensorFlow's start-up notes and selects the backend.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
