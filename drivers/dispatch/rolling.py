"""The rolling horizon: every time it is asked, it plans everything anew and does only what is due."""

from dataclasses import replace

from drivers.dispatch.board import set_up, singles
from drivers.dispatch.bundles import bundled, price_of_time
from drivers.dispatch.due import due
from drivers.dispatch.picture import Decision, Picture
from drivers.dispatch.planning import plan_jobs
from drivers.dispatch.reposition import repositioned
from drivers.dispatch.weights import OURS, Weights


def decide(picture: Picture, *, weights: Weights = OURS) -> Decision:
    """The same picture, in any order, gives the same decision."""
    drivers = sorted(picture.drivers, key=lambda driver: driver.id)
    orders = sorted(picture.orders, key=lambda order: (order.ready_at_s, order.id))
    if not drivers:
        return Decision()
    decision, wanted = Decision(), frozenset[str]()
    if orders:
        board = set_up(picture, orders, drivers)
        jobs = singles(board, orders)
        price = price_of_time(board, jobs, weights)
        plan = plan_jobs(board, jobs, price, weights)
        bags = bundled(board, jobs, plan, price, weights)
        if len(bags) < len(jobs):
            jobs, plan = bags, plan_jobs(board, bags, price, weights)
        decision = due(board, jobs, plan)
        wanted = frozenset(drivers[slot.row].id for slot in plan.values() if slot.first)
    moves = repositioned(picture, drivers, wanted)
    return replace(decision, departures=decision.departures + moves)
