"""The loop: stages of a round, what each gives its job, what follows, comparisons, the autopilot, the lineage of models."""
