"""The loop: stages of a round, the job of each, follow-ups, comparisons, the autopilot, the lineage of models."""
