"""The mathematics of learning from a project's decisions, in numpy. No I/O."""
