"""What people look at and say: the queue of candidates, their filters and order, agreement, the target they speak for."""
