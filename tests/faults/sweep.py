"""Kill whoever comes by a point, let everything come to rest, and look whether all is as promised."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from django.db.models import Q

from deliveryapp import failpoints, positions
from deliveryapp.models import DeadLetter, OutboxEvent, SagaRun
from deliveryapp.redelivery import undigested
from deliveryapp.redis import client, key
from drivers.models import Driver
from payments.models import PaymentOperation, WebhookEvent
from tests.cast import make_user
from tests.faults.points import Point
from tests.faults.subscribers import TWICE, UNSEEN, find_effects
from tests.faults.tales import Tale
from tests.journeys.people import App, eventually
from tests.journeys.town import Quarter, Town

AT_ONCE = 2
TRIES = 4  # of so many orders at once, until somebody has died
REST_WITHIN_S = 60.0
TOKENS_LAST_S = 600.0


@dataclass
class Victims:
    town: Town
    directory: Path
    _quarters: list[Quarter] = field(default_factory=list)
    _support: App | None = None
    _since_s: float = 0.0

    def strike(self, point: Point, *, hit: int) -> None:
        """Who comes by as number `hit` dies. Fails when nobody did, or when a promise is broken."""
        failpoints.arm(self.directory, point.name, hit=hit)
        tales = []
        for _ in range(TRIES):
            if point.after:
                failpoints.arm(self.directory, point.after, hit=1)
            tales += self._tell(point)
            if self._has_struck(point):
                break
        assert self._has_struck(point), f"nobody came by {point.name} {hit} times"
        self._disarm()
        self._assert_kept(tales)

    def _tell(self, point: Point) -> list[Tale]:
        live_url = self.town.stack.live_url
        tales = [Tale(quarter, self._helper(), live_url, point.tale) for quarter in self._people()]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            told = [threads.submit(tale.tell) for tale in tales]
            if point.broker_forgets:
                client().delete(key("broker"))
            for future in told:
                future.result()
        self._come_to_rest()
        return tales

    def _people(self) -> list[Quarter]:
        if not self._quarters or time.monotonic() - self._since_s > TOKENS_LAST_S:
            self._quarters = [self.town.quarter() for _ in range(AT_ONCE)]
            email = make_user(f"Sam-{time.monotonic_ns()}", is_staff=True, is_superuser=True).email
            self._support = self.town._app(App, email)
            self._since_s = time.monotonic()
        return self._quarters

    def _helper(self) -> App:
        self._people()
        assert self._support is not None
        return self._support

    def _has_struck(self, point: Point) -> bool:
        return failpoints.is_spent(self.directory, point.name)

    def _disarm(self) -> None:
        for file in self.directory.iterdir():
            file.unlink()

    def _come_to_rest(self) -> None:
        eventually(restless, {}, timeout_s=REST_WITHIN_S)

    def _assert_kept(self, tales: list[Tale]) -> None:
        assert [tale.op for tale in tales if tale.op.is_broken or len(tale.op.order_ids) != 1] == []
        assert [found for tale in tales if (found := lost_position(tale))] == []
        assert find_effects(TWICE) == []
        eventually(lambda: find_effects(UNSEEN), [])
        self.town.assert_clean()


def restless() -> dict[str, int]:
    """What is still under way, by kind."""
    left = {
        "sagas": SagaRun.objects.filter(status__in=SagaRun.LIVE),
        "questions": PaymentOperation.objects.filter(state__in=PaymentOperation.OPEN),
        "events": OutboxEvent.objects.filter(published_at=None),
        "undigested": undigested(since=None),
        "letters": DeadLetter.objects.filter(state=DeadLetter.State.RETRYING),
        "webhooks": WebhookEvent.objects.filter(~Q(intent_ref=""), applied_at=None),
    }
    return {kind: count for kind, rows in left.items() if (count := rows.count())}


def lost_position(tale: Tale) -> str:
    """An acknowledged position is there, or a newer one (I13)."""
    if tale.reported_at is None:
        return ""
    driver = Driver.objects.get(region=tale.quarter.kitchen.restaurant.region)
    known = positions.get_many(region=driver.region, driver_ids=[driver.pk]).get(driver.pk)
    kept = known is not None and known.at.timestamp() >= round(tale.reported_at.timestamp(), 3)
    return "" if kept else f"{driver.pk} reported {tale.reported_at}, known is {known}"
