"""Payments: authorize, capture, void and refund through a provider, with rows and keys written first."""
