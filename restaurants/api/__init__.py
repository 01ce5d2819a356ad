"""The HTTP API of the restaurants: public browsing, and the kitchen's switches."""
