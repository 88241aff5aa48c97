"""The names that belong to the compiled form of a Keras model."""

#: The compiled form of a model, in the folder of the model; written by `training.onnx`.
COMPILED_FILE = "model.onnx"

#: The figure in the card of a compiled model: the largest difference between its outputs and
#: TensorFlow's.
COMPILED_FIGURE = "onnx.max_difference"
