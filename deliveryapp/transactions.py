"""Transactions that state their intent.

Lock order everywhere: order → saga → payment → delivery → driver. Network calls happen between two
transactions, never inside one.
"""

from contextlib import AbstractContextManager

from django.db import connection, transaction


def durable() -> AbstractContextManager[None]:
    """The entry of a use-case: refuses to run inside another transaction, so its end is a real commit."""
    return transaction.atomic(durable=True)


def require_transaction() -> None:
    """For functions whose rows must share the caller's commit."""
    if not connection.in_atomic_block:
        raise RuntimeError("must be called inside a transaction")


def require_no_transaction() -> None:
    """For functions that call the network or push to sockets. Like Django's `durable`, it overlooks the
    transaction that a test case wraps around itself."""
    blocks = connection.atomic_blocks
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        raise RuntimeError("must not be called inside a transaction")
