"""A runtime of Scorelane for transformer text classifiers: a tokenizer and an ONNX file."""
