"""Conducts an order from cart to door: its state machine, its price, its saga."""
