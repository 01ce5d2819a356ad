"""The baseline: the oldest order first, by the nearest free driver, one order at a time."""

import numpy as np

from drivers.dispatch.board import pickups_s, set_up, singles
from drivers.dispatch.due import due
from drivers.dispatch.picture import Decision, Picture
from drivers.dispatch.planning import Plan, Slot


def decide(picture: Picture) -> Decision:
    """A driver on his way to a kitchen counts as free for its orders only."""
    orders = sorted(picture.orders, key=lambda order: (order.placed_at_s, order.id))
    drivers = sorted(picture.drivers, key=lambda driver: driver.id)
    if not orders or not drivers:
        return Decision()
    board = set_up(picture, orders, drivers)
    jobs = singles(board, orders)
    pickup_s, approach_s = pickups_s(board, jobs)
    columns = [board.columns[job.kitchen_id] for job in jobs]
    bound = (board.free_s > picture.now_s)[:, None] & ~board.there[:, columns]
    away_s = np.where(np.isfinite(pickup_s) & ~bound, approach_s, np.inf)
    plan: Plan = {}
    for index in range(len(jobs)):
        row = int(np.argmin(away_s[:, index]))
        if np.isfinite(away_s[row, index]):
            plan[index] = Slot(row, float(pickup_s[row, index]), float(approach_s[row, index]), first=True)
            away_s[row] = np.inf
    return due(board, jobs, plan, just_in_time=False)
