"""The `rsf` command."""
