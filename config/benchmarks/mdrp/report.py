"""The lines that the benchmark prints."""

from collections.abc import Callable, Sequence

import numpy as np

from config.benchmarks.mdrp.metrics import UNDELIVERED_MIN, Figures

PUBLISHED_CTD_PEN = 32.74 + (UNDELIVERED_MIN - 32.74) * 0.0025
"""Reyes et al. 2018, default rolling horizon: 0.25 % undelivered, 32.74 minutes."""


def summary(rows: Sequence[Figures]) -> str:
    """Means over the instances, the undelivered as a share of all orders."""
    orders = sum(row.orders for row in rows)
    undelivered = 100 * sum(row.undelivered for row in rows) / orders
    broken = sum(row.strict_violations for row in rows)
    feasible = sum(row.strict_violations == 0 for row in rows)
    mean_ms = _mean(rows, lambda row: row.decision_ms[0])
    p99_ms, max_ms = max(row.decision_ms[1] for row in rows), max(row.decision_ms[2] for row in rows)
    ctd_pen = _mean(rows, lambda row: row.ctd_pen)
    return (
        f"mdrp n={len(rows)} feasible={feasible}/{len(rows)} strict_violations={broken} "
        f"undelivered%={undelivered:.3f} ctd={_mean(rows, lambda row: row.ctd):.2f} "
        f"ctd_p90={_mean(rows, lambda row: row.ctd_p90):.1f} ctd_pen={ctd_pen:.2f} "
        f"ctd_minus_floor={_mean(rows, lambda row: row.ctd - row.ctd_floor):.2f} "
        f"overage={_mean(rows, lambda row: row.overage):.2f} rtp={_mean(rows, lambda row: row.rtp):.2f} "
        f"rtp_p90={_mean(rows, lambda row: row.rtp_p90):.1f} rtd={_mean(rows, lambda row: row.rtd):.2f} "
        f"cost_per_order={_mean(rows, lambda row: row.cost_per_order):.2f} "
        f"orders_per_bundle={_mean(rows, lambda row: row.orders_per_bundle):.3f} "
        f"util={_mean(rows, lambda row: row.util):.2f} "
        f"decision_ms_mean/p99/max={mean_ms:.1f}/{p99_ms:.1f}/{max_ms:.1f} "
        f"| vs published default: {100 * (ctd_pen / PUBLISHED_CTD_PEN - 1):+.1f}%"
    )


def _mean(rows: Sequence[Figures], of: Callable[[Figures], float]) -> float:
    return float(np.mean([of(row) for row in rows]))
