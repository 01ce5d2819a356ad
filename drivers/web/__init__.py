"""The driver's console in the browser; it speaks to our own API and socket."""
