"""The shared kernel: no food in it."""
