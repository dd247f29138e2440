"""Measurements of models on held-out prompts and on unrelated ones."""
