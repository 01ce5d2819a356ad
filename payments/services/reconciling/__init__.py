"""Reconciliation: every object of a period on both sides, compared page by page.

Neither side is held in memory: the period is walked in slices, a slice in the pages of the provider's lists
with our rows of each page in one query. What is kept of a slice is the provider's references (about 150 bytes
each) to ask which of our rows were not among them; each of those is looked up by itself before it counts as
missing, so objects at the edge of a slice are safe.
"""

from datetime import datetime, timedelta

import structlog

from deliveryapp.nudges import nudge
from payments.gateways.configured import configured
from payments.services.reconciling.differences import Difference, Done, Kind
from payments.services.reconciling.reading import Period
from payments.services.reconciling.walking import Reconciliation

__all__ = [
    "Difference",
    "Done",
    "Kind",
    "Period",
    "Reconciliation",
    "reconcile",
    "settled_until",
    "spread_reconciliation",
]

log = structlog.get_logger(__name__)
SETTLES_WITHIN = timedelta(minutes=5)
A_TASK = timedelta(minutes=30)  # of a busy day some 5,000 objects: half a minute


def settled_until(*, now: datetime) -> datetime:
    """What was made before this has come to rest, unless something is wrong."""
    return (now - SETTLES_WITHIN).replace(microsecond=0)


def spread_reconciliation(*, hours: int, now: datetime) -> None:
    """Ask the workers for the last hours bit by bit; the next run makes up for a lost message."""
    until = settled_until(now=now)
    for gateway_name in configured():
        for part in Period(until - timedelta(hours=hours), until).slices(A_TASK):
            nudge(
                "payments.reconcile_period",
                gateway=gateway_name,
                since=part.since.isoformat(),
                until=part.until.isoformat(),
            )


def reconcile(*, gateway_name: str, period: Period, now: datetime) -> int:
    """Compare, mend what is safe, ask a person about the rest; how many differences are left.

    Raises NotReadable when the provider stays silent: the next run covers the period again.
    """
    run = Reconciliation(gateway_name, period, mend=True, now=now)
    found = list(run.differences())
    left = sum(difference.is_left for difference in found)
    tell = log.error if left else log.info
    tell("reconciliation", found=len(found), left=left, compared=run.compared, under_way=run.under_way)
    return left
