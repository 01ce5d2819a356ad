"""Our process dies at a named point of an operation: as an exception that nobody catches, or as kill -9."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Route:
    """How an operation is written and run. `method` of the gateway asks for it; `nth` of the operations that
    run on the way it is; `batched`: a batch writes it instead of a statement of its own; `placing`: the
    request that places the order runs it.
    """

    method: str
    nth: int = 1
    batched: bool = False
    placing: bool = False

    def place_of(self, point: str) -> tuple[Any, str, bool, int]:
        """(whose, which function, after it instead of before, at its which call)"""
        match point:
            case "before the intention is committed":
                return (
                    (Batch, "execute", True, 1)
                    if self.batched
                    else (PaymentOperation, "save", True, self.nth)
                )
            case "before it is claimed":
                return operations, "_claim", False, self.nth
            case "before the question":
                return StripeGateway, self.method, False, 1
            case "before the answer is recorded":
                return StripeGateway, self.method, True, 1
            case "before the record is committed":
                return Batch, "execute", True, self.nth + self.batched
            case "after the record":
                return placing if self.placing else operations, "_record", True, self.nth
        raise AssertionError(point)


@contextmanager
def dying_at(point: str, route: Route, *, die: Callable[[], NoReturn] = raise_killed) -> Iterator[None]:
    """Dies when what happens here comes to the point of this route."""
    if point == NOWHERE:
        yield
        return
    owner, name, after, nth = route.place_of(point)
    with patch.object(owner, name, _fatal(getattr(owner, name), die, after=after, nth=nth)):
        yield


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
