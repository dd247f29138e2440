"""Completions as they are meant to be read: Markdown, code and formulas, as a tree of a few harmless elements."""
