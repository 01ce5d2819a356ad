"""No pages of its own: the order page belongs to orders and speaks to tracking's API and socket."""
