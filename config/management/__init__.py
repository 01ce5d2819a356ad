"""Commands that assemble several apps."""
