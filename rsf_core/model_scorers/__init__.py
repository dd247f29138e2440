"""Scorers that are models. They load weights only in the process of a job; their cards are read from source."""
