"""Writes of the restaurants: tickets, what a kitchen switches, and new restaurants."""
