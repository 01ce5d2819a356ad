"""Reads of the restaurants: browsing, pricing a cart, staff gates and tickets."""
