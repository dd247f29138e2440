"""Human review: the queue of candidates, their filters and order, agreement, and the target that decisions suggest."""
