"""Where candidates come from. `base` holds the protocols; the other modules implement them."""
