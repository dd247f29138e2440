"""Fine-tuning on a curated set: the loss, the batches, and the loop."""
