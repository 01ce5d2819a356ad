"""A driver's phone: reports the position each second, over the socket or, when that is down, by REST."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from time import time
from typing import Any

from deliveryapp.simulator.client import NoSuchAccount, Problem, Session, Unreachable
from deliveryapp.simulator.riding import Fix
from deliveryapp.simulator.sockets import Channel
from deliveryapp.simulator.world import World

REPORT_S = 1.0
KEPT_POINTS = 60
POINTS_A_POST = 5


class PositionReporter:
    """Reports what `where` says. The newest 60 points that could not be sent are kept and sent later."""

    def __init__(
        self, world: World, session: Session, channel: Channel, where: Callable[[], Fix], rng: random.Random
    ) -> None:
        self._world, self._session, self._channel = world, session, channel
        self._where, self._rng = where, rng
        self._url = f"{world.options.live_url}/api/v1/driver/positions/"
        self._unsent: deque[dict[str, Any]] = deque(maxlen=KEPT_POINTS)
        self._seq = int(time() * 1000)  # rises over restarts of the app too

    async def run(self) -> None:
        """Report until cancelled; phones tick at their own moments."""
        await asyncio.sleep(self._rng.uniform(0, REPORT_S))
        while True:
            await self._report(self._point())
            await asyncio.sleep(REPORT_S * self._rng.uniform(0.9, 1.1))

    async def _report(self, point: dict[str, Any]) -> None:
        if self._unsent and await self._channel.send({"type": "positions", "points": [*self._unsent, point]}):
            self._unsent.clear()
        elif not await self._channel.send({"type": "position", **point}):
            self._unsent.append(point)
            if len(self._unsent) >= POINTS_A_POST:
                await self._post()

    async def _post(self) -> None:
        points = list(self._unsent)
        try:
            await self._session.call("POST", self._url, json={"points": points}, patience_s=2.0)
        except (Problem, Unreachable, NoSuchAccount):
            return
        self._unsent.clear()

    def _point(self) -> dict[str, Any]:
        fix = self._where()
        self._seq += 1
        return {
            "lat": round(fix.point.lat, 6),
            "lng": round(fix.point.lng, 6),
            "accuracy": round(self._rng.uniform(4, 15), 1),
            "heading": round(fix.heading_deg, 1),
            "speed": round(fix.speed_m_s, 1),
            "ts": time(),
            "seq": self._seq,
        }
