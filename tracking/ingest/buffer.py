"""Collect points for a moment, keep each driver's newest, write them together, tell those who watch.

Whoever adds a point gets a future: true once it is in Redis, false if Redis did not take it. So an
acknowledged point is a stored point.
"""

import asyncio
import contextlib
from collections import defaultdict
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog

from deliveryapp import positions
from deliveryapp.failpoints import failpoint
from deliveryapp.positions import Position, PositionsUnavailable
from tracking.ingest.fanout import Fanout

log = structlog.get_logger(__name__)

PAUSE_S = 0.075


class _Batch:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.rows: defaultdict[str, dict[UUID, Position]] = defaultdict(dict)
        self.stored: asyncio.Future[bool] = loop.create_future()

    def add(self, region: str, position: Position) -> None:
        older = self.rows[region].get(position.driver_id)
        if older is None or (position.at, position.seq) > (older.at, older.seq):
            self.rows[region][position.driver_id] = position


class Buffer:
    """One per event loop. Memory is bounded by the number of drivers, not of points."""

    def __init__(self, fanout: Fanout) -> None:
        self._fanout = fanout
        self._open: _Batch | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurry = asyncio.Event()

    def add(self, *, region: str, position: Position) -> "asyncio.Future[bool]":
        if self._open is None:
            self._open = _Batch(asyncio.get_running_loop())
            task = asyncio.create_task(self._flush_soon(self._open))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._open.add(region, position)
        return self._open.stored

    async def drain(self) -> None:
        """Write what waits, now."""
        self._hurry.set()
        await asyncio.gather(*self._tasks)
        self._hurry.clear()

    async def _flush_soon(self, batch: _Batch) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), PAUSE_S)
        self._open = None
        for region, rows in batch.rows.items():
            await self._flush(batch, region, list(rows.values()))
        if not batch.stored.done():
            batch.stored.set_result(True)

    async def _flush(self, batch: _Batch, region: str, rows: list[Position]) -> None:
        failpoint("positions.before_write")
        try:
            written = await positions.awrite_many(region=region, rows=rows)
        except PositionsUnavailable as error:
            log.warning("positions_not_stored", region=region, count=len(rows), error=str(error))
            if not batch.stored.done():
                batch.stored.set_result(False)
            return
        failpoint("positions.after_write")
        await self._fanout.tell(region, [row for row, is_new in zip(rows, written, strict=True) if is_new])


_buffers: "WeakKeyDictionary[asyncio.AbstractEventLoop, Buffer]" = WeakKeyDictionary()


def buffer() -> Buffer:
    """The running loop's buffer."""
    loop = asyncio.get_running_loop()
    if loop not in _buffers:
        _buffers[loop] = Buffer(Fanout())
    return _buffers[loop]


async def shutdown() -> None:
    """Before the process ends: nothing that was sent stays in memory."""
    await buffer().drain()
