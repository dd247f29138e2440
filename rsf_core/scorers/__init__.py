"""Scorers: a number for a completion of a prompt. `base` holds the protocol, `registry` the lookup by name. The built-in
scorers are registered just like those of a third party."""
