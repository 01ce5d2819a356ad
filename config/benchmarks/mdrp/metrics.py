"""The published figures of a replay, from what happened alone."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.benchmarks.mdrp.feasibility import violations
from config.benchmarks.mdrp.instance import Instance
from config.benchmarks.mdrp.replay import Delivered, Replayed

UNDELIVERED_MIN = 90.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Minutes, dollars, milliseconds. `ctd_floor` is preparation, service and the direct trip."""

    instance: str
    orders: int
    couriers: int
    undelivered: int
    ctd: float
    ctd_p90: float
    ctd_pen: float
    ctd_floor: float
    overage: float
    over_maximum: int
    rtp: float
    rtp_p90: float
    rtd: float
    cost_per_order: float
    orders_per_bundle: float
    util: float
    decision_ms: tuple[float, float, float]
    strict_violations: int

    def row(self) -> dict[str, Any]:
        rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}
        return {**rounded, "decision_ms": [round(value, 2) for value in self.decision_ms]}


def figures(instance: Instance, replayed: Replayed) -> Figures:
    """Of what was delivered; means are NaN when nothing was."""
    rules, done = instance.rules, replayed.delivered
    click = _minutes(done, lambda d: d.dropoff_min - d.order.placed_min)
    wait = _minutes(done, lambda d: d.pickup_min - d.order.ready_min)
    undelivered = len(instance.orders) - len(done)
    took_ms = np.asarray(replayed.decision_ms)
    return Figures(
        instance=instance.name,
        orders=len(instance.orders),
        couriers=len(instance.couriers),
        undelivered=undelivered,
        ctd=float(click.mean()),
        ctd_p90=float(np.percentile(click, 90)),
        ctd_pen=float((click.sum() + UNDELIVERED_MIN * undelivered) / len(instance.orders)),
        ctd_floor=_floor(instance),
        overage=float(np.maximum(click - rules.target_min, 0).mean()),
        over_maximum=int((click > rules.maximum_min).sum()),
        rtp=float(wait.mean()),
        rtp_p90=float(np.percentile(wait, 90)),
        rtd=float(_minutes(done, lambda d: d.dropoff_min - d.order.ready_min).mean()),
        cost_per_order=_pay(instance, done) / max(len(done), 1),
        orders_per_bundle=len(done) / max(len(replayed.bags), 1),
        util=_utilisation(instance, replayed),
        decision_ms=(float(took_ms.mean()), float(np.percentile(took_ms, 99)), float(took_ms.max())),
        strict_violations=len(violations(instance, replayed)),
    )


def _minutes(done: list[Delivered], of: Any) -> NDArray[np.float64]:
    return np.array([of(d) for d in done] or [np.nan], dtype=np.float64)


def _floor(instance: Instance) -> float:
    rules = instance.rules
    pickups = [instance.kitchens[row.kitchen_id] for row in instance.orders]
    away_m = instance.xy_m[pickups] - instance.xy_m[[row.place for row in instance.orders]]
    trip = np.ceil(np.hypot(away_m[:, 0], away_m[:, 1]) / rules.meters_per_minute)
    prep = np.array([row.ready_min - row.placed_min for row in instance.orders])
    return float((prep + trip).mean()) + (rules.pickup_service_min + rules.dropoff_service_min) / 2


def _pay(instance: Instance, done: list[Delivered]) -> float:
    """Per courier the larger of what his orders and what his hours are worth."""
    rules, orders = instance.rules, Counter(delivery.courier_id for delivery in done)
    return sum(
        max(rules.pay_per_order * orders[row.id], rules.pay_per_hour * (row.off_min - row.on_min) / 60)
        for row in instance.couriers
    )


def _utilisation(instance: Instance, replayed: Replayed) -> float:
    """Share of the shifts spent on the way and at doors."""
    rules = instance.rules
    ends = np.array([(move.origin, move.destination) for move in replayed.moves]).reshape(-1, 2)
    away_m = instance.xy_m[ends[:, 0]] - instance.xy_m[ends[:, 1]]
    riding = np.ceil(np.hypot(away_m[:, 0], away_m[:, 1]) / rules.meters_per_minute).sum()
    at_doors = rules.pickup_service_min * len(replayed.bags)
    at_doors += rules.dropoff_service_min * len(replayed.delivered)
    shifts = sum(row.off_min - row.on_min for row in instance.couriers)
    return float((riding + at_doors) / shifts)
