"""Scorers: a number for a completion of a prompt. `base` is the protocol, `registry` the lookup by name; the built-ins
stand beside them and are registered as a third party's would be."""
