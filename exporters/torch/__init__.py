"""The torch exporter: a trainable torch.fx.GraphModule."""
