"""The way in for drivers' positions: raw ASGI, because Channels and Django cost many times more per point.

`driver_socket` serves `/ws/driver/` (positions up, offers down), `post_positions` serves `POST
/api/v1/driver/positions/`; both are ASGI applications. `shutdown` stores what is still in memory and
belongs into the lifespan of the process.
"""

from tracking.ingest.buffer import shutdown
from tracking.ingest.http import POSITIONS_PATH, post_positions, serves
from tracking.ingest.socket import driver_socket

DRIVER_SOCKET_PATH = "/ws/driver/"

__all__ = ["DRIVER_SOCKET_PATH", "POSITIONS_PATH", "driver_socket", "post_positions", "serves", "shutdown"]
