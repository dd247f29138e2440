"""What a project learns from its decisions: the mathematics, numpy alone. No I/O."""
