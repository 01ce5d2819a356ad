"""What a run says while it is under way: a line that renews itself; off a terminal, a line now and then."""

from __future__ import annotations

import asyncio
from collections import Counter
from time import monotonic
from typing import TextIO

from deliveryapp.simulator.world import ACTIVE, World

TERMINAL_S, LOG_S = 1.0, 5.0
BAR_WIDTH = 24
CLEAR_LINE = "\r\x1b[2K"


def progress_line(world: World, *, elapsed_s: float, bar: bool) -> str:
    """One line: time, how many are placed and final, the open ones by state, drivers, orders a second."""
    states = Counter(order.status for order in world.orders.values())
    opened = [f"{state} {states[state]}" for state in ACTIVE if states[state]]
    final, placed = len(world.orders) - sum(states[state] for state in ACTIVE), len(world.orders)
    wanted = world.options.orders
    parts = [
        f"{int(elapsed_s) // 60}:{int(elapsed_s) % 60:02d}",
        f"placed {placed}{f'/{wanted}' if wanted else ''}",
        f"final {final} (delivered {states['delivered']})",
        ", ".join(opened) or "none open",
        f"drivers busy {world.drivers_busy}/{world.drivers_online}",
        f"{placed / max(elapsed_s, 1.0):.2f} orders/s",
    ]
    return "  ".join([*([_bar(final, wanted)] if bar and wanted else []), *parts])


def _bar(done: int, wanted: int) -> str:
    filled = BAR_WIDTH * min(done, wanted) // wanted
    return f"{'█' * filled}{'░' * (BAR_WIDTH - filled)}"


async def show_progress(world: World, out: TextIO) -> None:
    """Until cancelled; leaves a terminal's line behind cleared."""
    on_terminal = out.isatty()
    try:
        while True:
            line = progress_line(world, elapsed_s=monotonic() - world.started, bar=on_terminal)
            out.write(f"{CLEAR_LINE}{line}" if on_terminal else f"{line}\n")
            out.flush()
            await asyncio.sleep(TERMINAL_S if on_terminal else LOG_S)
    finally:
        if on_terminal:
            out.write(CLEAR_LINE)
            out.flush()
