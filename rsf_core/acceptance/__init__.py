"""From scores to decisions: the target, the landscape of M, its marks and its history."""
