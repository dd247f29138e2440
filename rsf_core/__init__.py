"""RSF Studio: rejection-sampling fine-tuning of language models with a person in the loop."""

__version__ = "0.1.0"
