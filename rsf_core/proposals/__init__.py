"""Where candidates come from. `base` is the protocol; implementations stand beside it."""
