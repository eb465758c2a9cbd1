"""The ONNX exporter: one file of standard operators, opset 20."""
