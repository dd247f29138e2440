"""Completions as they are meant to be read: Markdown, code and formulas, made into a tree of a few harmless elements."""
