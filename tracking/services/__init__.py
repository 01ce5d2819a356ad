"""Writes: judging positions, and remembering who rides what."""
