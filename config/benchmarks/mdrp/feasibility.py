"""Whether a replay keeps the rules, from its bags, moves and deliveries alone."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from config.benchmarks.mdrp.instance import MINUTE_S, CourierRow, Instance
from config.benchmarks.mdrp.replay import Bag, Delivered, Move, Replayed

FOREVER = 10**9


def violations(instance: Instance, replayed: Replayed) -> list[str]:
    """What breaks the rules, in words; empty when all is well. Orders left undelivered break none."""
    delivered = {done.order.id: done for done in replayed.delivered}
    bags, moves = defaultdict(list), defaultdict(list)
    for bag in replayed.bags:
        bags[bag.courier_id].append(bag)
    for move in replayed.moves:
        moves[move.courier_id].append(move)
    found = list(_twice(replayed))
    for courier in instance.couriers:
        for bag in bags[courier.id]:
            found += _bag_violations(bag, courier, [delivered[i] for i in bag.order_ids if i in delivered])
        events = _events(instance, bags[courier.id], delivered)
        found += _ride_violations(instance, courier, events, moves[courier.id])
    return found


def _twice(replayed: Replayed) -> Iterator[str]:
    taken = Counter(order_id for bag in replayed.bags for order_id in bag.order_ids)
    yield from (f"{order_id} is in {count} bags" for order_id, count in taken.items() if count > 1)
    stray = {done.order.id for done in replayed.delivered} ^ taken.keys()
    yield from (f"{order_id} is in a bag or delivered, not both" for order_id in sorted(stray))


def _bag_violations(bag: Bag, courier: CourierRow, done: Sequence[Delivered]) -> Iterator[str]:
    what = f"bag {' '.join(bag.order_ids)} of {courier.id}"
    if len({delivery.order.kitchen_id for delivery in done}) > 1:
        yield f"{what}: several kitchens"
    if bag.pickup_min < bag.assigned_min:
        yield f"{what}: picked up before it was assigned"
    if not courier.on_min <= bag.pickup_min <= courier.off_min:
        yield f"{what}: picked up outside the shift"
    if any(delivery.order.placed_min > bag.assigned_min for delivery in done):
        yield f"{what}: assigned before it was placed"
    if any(delivery.order.ready_min > bag.pickup_min for delivery in done):
        yield f"{what}: picked up before it was ready"


Event = tuple[int, int, float]
"""When, where, and minutes of service on either side of it."""


def _events(instance: Instance, bags: Sequence[Bag], delivered: dict[str, Delivered]) -> list[Event]:
    at_kitchen, at_door = (
        minutes / 2 for minutes in (instance.rules.pickup_service_min, instance.rules.dropoff_service_min)
    )
    events: list[Event] = []
    for bag in sorted(bags, key=lambda bag: bag.pickup_min):
        done = [delivered[order_id] for order_id in bag.order_ids if order_id in delivered]
        if done:
            events.append((bag.pickup_min, instance.kitchens[done[0].order.kitchen_id], at_kitchen))
        events += [(delivery.dropoff_min, delivery.order.place, at_door) for delivery in done]
    return events


def _ride_violations(
    instance: Instance, courier: CourierRow, events: Sequence[Event], moves: Sequence[Move]
) -> Iterator[str]:
    """Follows one courier: he is where things happen, long enough, and leaves when they are over."""
    place, since_min, waiting = courier.place, float(courier.on_min), list(events)
    for move in [*moves, None]:
        departs_min = move.depart_min if move else FOREVER
        free_min = since_min
        while waiting and waiting[0][1] == place and waiting[0][0] <= departs_min:
            at_min, _, half_min = waiting.pop(0)
            if at_min < free_min + half_min:
                yield f"{courier.id} has too little time for the service at {at_min}"
            free_min = at_min + half_min
        if move is None:
            break
        if move.origin != place:
            yield f"{courier.id} leaves at {departs_min} from where he is not"
        if departs_min < free_min:
            yield f"{courier.id} leaves at {departs_min}, before he is free"
        place = move.destination
        since_min = departs_min + float(instance.travel_s([move.origin], [place])[0, 0]) / MINUTE_S
    if waiting:
        yield f"{courier.id} is not at the place of what happens at {waiting[0][0]}"
