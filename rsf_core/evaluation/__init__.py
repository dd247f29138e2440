"""What models do on held-out prompts and on unrelated ones."""
