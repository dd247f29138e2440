"""Scorers that are models: they load weights in the process of a job, as their cards' sources say, and nowhere else."""
