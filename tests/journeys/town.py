"""A town of quarters: every story plays in one of its own, with its own people, on the same processes."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar
from uuid import UUID

from config.audit import INVARIANTS, find_breaches, find_money_breaches
from deliveryapp.clock import utc_now
from drivers.services.registering import NewDriver, register_drivers
from tests.cast import Kitchen, Sandbox, make_kitchen, make_user
from tests.journeys.people import App, Cook, Customer, Rider, eventually
from tests.live import LiveStack, poll
from tests.orders.stage import saga_of

AppT = TypeVar("AppT", bound=App)


@dataclass(frozen=True)
class Quarter:
    """A region with one kitchen, one customer and one driver; nobody else rides here."""

    kitchen: Kitchen
    ada: Customer
    bo: Cook
    cleo: Rider

    def placed(self) -> UUID:
        return UUID(self.ada.must(self.ada.place(), 201)["id"])

    def confirmed(self) -> UUID:
        order_id = self.placed()
        self.bo.confirm(order_id)
        return order_id

    def assigned(self) -> UUID:
        order_id = self.confirmed()
        self.cleo.take(order_id)
        return order_id

    def bring(self, order_id: UUID) -> None:
        """Cook what she has taken, and ride it to the door."""
        self.bo.cook(order_id)
        self.cleo.act(order_id, "picked-up")
        self.cleo.act(order_id, "delivered")


@dataclass(frozen=True)
class Town:
    stack: LiveStack
    sandbox: Sandbox
    _opened: ExitStack
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def quarter(self) -> Quarter:
        number = next(self._numbers)
        region = f"quarter-{number}"
        people = {name: make_user(f"{name}-{number}") for name in ("Ada", "Bo", "Cleo")}
        kitchen = make_kitchen(people["Bo"], f"kitchen-{number}")
        kitchen.restaurant.region = region
        kitchen.restaurant.save(update_fields=["region"])
        cleo = NewDriver(user_id=people["Cleo"].pk, name=people["Cleo"].name, region=region)
        register_drivers(rows=[cleo], now=utc_now())
        ada, bo = self._app(Customer, people["Ada"].email), self._app(Cook, people["Bo"].email)
        ada.kitchen = bo.kitchen = kitchen
        return Quarter(kitchen, ada, bo, self._app(Rider, people["Cleo"].email))

    def _app(self, kind: type[AppT], email: str) -> AppT:
        return kind(self.stack, email, self._opened)

    def kill(self, name: str) -> None:
        """kill -9 of a process and all it has started, at one blow."""
        os.killpg(self.stack.pid(name), signal.SIGKILL)

    def await_restart(self, name: str, *, restarts: int) -> None:
        """Until the supervisor has started it so often, and it answers."""
        supervisor = self.stack.supervisor
        poll(lambda: supervisor.restarts(name) >= restarts, what=f"{name} to be restarted", timeout_s=60)
        [spec] = self.stack.stack.specs([name])
        poll(lambda: spec.ready(self.stack.pid(name)), what=f"{name} to answer again", timeout_s=60)

    def expect_end(self, order_id: UUID, saga: str, *effects: str) -> None:
        """The saga has come to this end, and the provider saw these effects, each of the whole total."""
        from orders.models import Order

        eventually(lambda: saga_of(order_id)[0], saga, timeout_s=120)
        total_minor = Order.objects.get(pk=order_id).total_minor
        eventually(lambda: self.sandbox.effects(order_id), [(kind, total_minor) for kind in effects])

    def assert_clean(self) -> None:
        """Once everything has settled every invariant holds, ours and the provider's."""
        eventually(self._breaches, [])

    def _breaches(self) -> list[str]:
        found = [f"{row.id}: {text}" for row in INVARIANTS for text in find_breaches(row)]
        return found + find_money_breaches(self.stack.sandbox_url)
