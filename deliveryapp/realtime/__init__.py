"""Frames to open sockets: `push` from synchronous code, `GatedConsumer` (in `.consumer`) for the socket's
side."""

from deliveryapp.realtime.frames import encode, message_of
from deliveryapp.realtime.pushing import close, push

__all__ = ["close", "encode", "message_of", "push"]
