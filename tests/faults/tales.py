"""A life of an order, told by its people over the public API while processes die under them.

Each looks how the order stands and does what is his to do next. An answer that is lost or unwilling changes
nothing: he looks again. What has a key is sent again with the same one until somebody answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from deliveryapp.clock import utc_now
from deliveryapp.simulator.oplog import Operation
from tests.cast import KITCHEN_AT, cart
from tests.journeys.people import App
from tests.journeys.town import Quarter

DELIVERED, CANCELLED, REJECTED = "delivered", "cancelled", "rejected"
REFUNDED, RECALLED = "refunded", "recalled"  # after the door; by support, on the way
FINAL = ("delivered", "cancelled", "failed")
LOOK_EVERY_S = 0.05
TOLD_WITHIN_S = 90.0
REFUND_MINOR = 300


class NotTold(AssertionError):
    """An answer that no death explains, or none at all in time."""


@dataclass
class Tale:
    quarter: Quarter
    support: App
    live_url: str
    plot: str = DELIVERED
    op: Operation = field(default_factory=lambda: Operation(str(uuid4())))
    status: str = ""
    reported_at: Any = None  # the newest position that was acknowledged
    _deadline_s: float = 0.0

    @property
    def order_id(self) -> UUID:
        [order_id] = self.op.order_ids
        return UUID(order_id)

    def tell(self) -> None:
        """From the cart to the end. Raises NotTold."""
        self._deadline_s = time.monotonic() + TOLD_WITHIN_S
        self._insist(self._place, "its placing")
        self.op.double = True
        self._insist(self._place, "its placing told again")
        self._insist(self._live_on, "its end")
        if self.plot == REFUNDED:
            self._insist(self._refund, "its refund")

    def _insist(self, deed: Callable[[], bool], what: str) -> None:
        while not deed():
            if time.monotonic() > self._deadline_s:
                raise NotTold(f"{self.op.key} ({self.status or 'unplaced'}) waits for {what}")
            time.sleep(LOOK_EVERY_S)

    def _place(self) -> bool:
        """Until it is neither unknown nor undecided."""
        self.op.sent()
        headers = {"Idempotency-Key": self.op.key}
        answer = _answer_of(self.quarter.ada, "POST", "/api/v1/orders/", cart(self.quarter.kitchen), headers)
        if answer is None or answer.status_code != 201:
            self.op.unknown()
            return False
        self.op.acked(answer.json()["id"])
        return True

    def _live_on(self) -> bool:
        order = _answer_of(self.quarter.ada, "GET", f"/api/v1/orders/{self.order_id}/")
        if order is None or order.status_code != 200:
            return False
        self.status = order.json()["status"]
        if self.status not in FINAL:
            self._act()
        return self.status in FINAL

    def _act(self) -> None:
        match self.status:
            case "placed" if self.plot == REJECTED:
                self._board("reject", {"reason": "too_busy"})
            case "placed":
                self._board("confirm", {"prep_minutes": 15})
            case "confirmed" | "preparing" | "ready":
                self._find_a_ride()
            case "picked_up":
                self._report_position()
                if self.plot == RECALLED:
                    self._cancel(self.support)
                else:
                    self._ride("delivered")

    def _find_a_ride(self) -> None:
        cleo = self.quarter.cleo
        rides = _answer_of(cleo, "GET", "/api/v1/driver/deliveries/")
        mine = rides is not None and rides.status_code == 200 and rides.json()["results"]
        if not mine:
            self._take_offer()
        elif self.plot == CANCELLED:
            self._cancel(self.quarter.ada)
        elif self.status == "ready":
            self._ride("picked-up")
        else:
            self._board("preparing" if self.status == "confirmed" else "ready")

    def _take_offer(self) -> None:
        lat, lng = KITCHEN_AT
        _answer_of(self.quarter.cleo, "POST", "/api/v1/driver/online/", {"lat": lat, "lng": lng})
        offers = _answer_of(self.quarter.cleo, "GET", "/api/v1/driver/offers/")
        if offers is not None and offers.status_code == 200:
            for offer in offers.json()["results"]:
                _answer_of(self.quarter.cleo, "POST", f"/api/v1/driver/offers/{offer['id']}/accept/")

    def _board(self, verb: str, body: dict[str, Any] | None = None) -> None:
        kitchen = self.quarter.kitchen.restaurant.pk
        path = f"/api/v1/restaurants/{kitchen}/orders/{self.order_id}/{verb}/"
        _answer_of(self.quarter.bo, "POST", path, body)

    def _ride(self, verb: str) -> None:
        _answer_of(self.quarter.cleo, "POST", f"/api/v1/driver/deliveries/{self.order_id}/{verb}/")

    def _cancel(self, by: App) -> None:
        path, headers = (
            f"/api/v1/orders/{self.order_id}/cancel/",
            {"Idempotency-Key": f"cancel-{self.op.key}"},
        )
        _answer_of(by, "POST", path, {"reason": "changed my mind"}, headers)

    def _refund(self) -> bool:
        path, headers = f"/api/v1/orders/{self.order_id}/refunds/", {"Idempotency-Key": self.op.key}
        wish = {"amount_minor": REFUND_MINOR, "reason": "cold"}
        answer = _answer_of(self.support, "POST", path, wish, headers)
        return answer is not None and answer.status_code == 201

    def _report_position(self) -> None:
        at = utc_now()
        lat, lng = KITCHEN_AT
        point = {"lat": lat, "lng": lng, "accuracy": 5, "ts": round(at.timestamp() * 1000), "seq": 1}
        url = f"{self.live_url}/api/v1/driver/positions/"
        answer = _answer_of(self.quarter.cleo, "POST", url, {"points": [point]})
        if answer is not None and answer.status_code == 200 and answer.json()["accepted"]:
            self.reported_at = at


def _answer_of(
    app: App,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response | None:
    """None when it got lost. What is too early, too late or unavailable is an answer too. Raises NotTold."""
    try:
        answer = app.http.request(method, path, json=body, headers=headers, timeout=15)
    except httpx.TransportError:
        return None
    if answer.status_code in (400, 401, 403, 415, 422, 500):
        raise NotTold(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer
