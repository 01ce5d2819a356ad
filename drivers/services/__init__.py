"""Writes: one module per use-case family, one transaction per verb."""
