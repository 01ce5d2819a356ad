"""Our process dies at a named point of an operation: as an exception that nobody catches, or as kill -9."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn
from unittest.mock import patch

from deliveryapp.batch import Batch
from orders.services import placing
from payments.gateways.stripe_gateway import StripeGateway
from payments.models import PaymentOperation
from payments.services import operations

NOWHERE = "nowhere"
WRITING = "before the intention is committed"
CLAIMING = "before it is claimed"
ASKING = "before the question"
ANSWERED = "before the answer is recorded"
RECORDING = "before the record is committed"
RECORDED = "after the record"
POINTS = (NOWHERE, WRITING, CLAIMING, ASKING, ANSWERED, RECORDING, RECORDED)


class Killed(BaseException):
    """Like kill -9, as far as code can tell: no handler of ours catches it, open transactions roll back."""


def raise_killed() -> NoReturn:
    raise Killed


def kill_this_process() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


@contextmanager
def dying_at(
    point: str, *, method: str, nth: int = 1, die: Callable[[], NoReturn] = raise_killed
) -> Iterator[None]:
    """Dies when what happens here reaches the point. `method` is the gateway's; `nth`: of the operations that
    are run, this one; 0 is the hold that placing an order asks for.
    """
    if point == NOWHERE:
        yield
        return
    owner, name, after, nth = _place_of(point, method, nth)
    with patch.object(owner, name, _fatal(getattr(owner, name), die, after=after, nth=nth)):
        yield


def _place_of(point: str, method: str, nth: int) -> tuple[Any, str, bool, int]:
    """(whose, which function, after it instead of before, at its which call)"""
    places = nth == 0
    match point:
        case "before the intention is committed":
            return (Batch, "execute", True, 1) if places else (PaymentOperation, "save", True, nth)
        case "before it is claimed":
            return operations, "_claim", False, nth
        case "before the question":
            return StripeGateway, method, False, 1
        case "before the answer is recorded":
            return StripeGateway, method, True, 1
        case "before the record is committed":
            return Batch, "execute", True, 2 if places else nth
        case "after the record":
            return (placing, "_record", True, 1) if places else (operations, "_record", True, nth)
    raise AssertionError(point)


def _fatal(original: Callable[..., Any], die: Callable[[], NoReturn], *, after: bool, nth: int) -> Any:
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and not after:
            die()
        answer = original(*args, **kwargs)
        if calls == nth:
            die()
        return answer

    return call
