"""The three files that the official evaluator and strict checkers read."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from config.benchmarks.mdrp.instance import Instance
from config.benchmarks.mdrp.replay import Replayed

ASSIGNMENTS = "solution_info_assignments.txt"
ORDERS = "solution_info_orders.txt"
COURIERS = "solution_info_couriers.txt"


def write_solution(instance: Instance, replayed: Replayed, folder: Path) -> None:
    """Space-separated with a header; creates `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    bags = (
        f"{bag.assigned_min} {bag.pickup_min} {bag.courier_id} {' '.join(bag.order_ids)}"
        for bag in replayed.bags
    )
    _write(folder / ASSIGNMENTS, "assignment_time pickup_time courier orders", bags)
    orders = (
        f"{d.order.id} {d.order.placed_min} {d.order.ready_min} {d.pickup_min} {d.dropoff_min} {d.courier_id}"
        for d in replayed.delivered
    )
    _write(folder / ORDERS, "order placement_time ready_time pickup_time dropoff_time courier", orders)
    _write(folder / COURIERS, "courier departure_time origin destination", _moves(instance, replayed))


def _moves(instance: Instance, replayed: Replayed) -> Iterable[str]:
    """Blocks per courier; 0 is where he comes on duty."""
    by_courier = defaultdict(list)
    for move in replayed.moves:
        by_courier[move.courier_id].append(move)
    for courier in instance.couriers:
        for move in by_courier[courier.id]:
            origin = "0" if move.origin == courier.place else instance.names[move.origin]
            yield f"{courier.id} {move.depart_min} {origin} {instance.names[move.destination]}"


def _write(file: Path, header: str, lines: Iterable[str]) -> None:
    file.write_text("".join(f"{line}\n" for line in (header, *lines)))
