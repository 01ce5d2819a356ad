"""What must always be true, checked from outside: the invariants as SQL plus the payment server's effect log.

Read-only. `manage.py audit` runs it after every demo, load test and fault test, and on a live system.
"""

from config.audit.invariant import Invariant, find_breaches
from config.audit.invariants import INVARIANTS
from config.audit.provider import find_money_breaches

__all__ = ["INVARIANTS", "Invariant", "find_breaches", "find_money_breaches"]
