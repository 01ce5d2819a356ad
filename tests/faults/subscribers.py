"""A subscriber that writes each of its effects down, and fails at the first try of some.

Its table knows no uniqueness: what happens twice is there twice.
"""

from __future__ import annotations

import os
import signal

from django.db import connection

from config.subscriptions import SUBSCRIPTIONS as REAL
from deliveryapp.events import Envelope
from deliveryapp.models import DeadLetter
from deliveryapp.subscriptions import Subscription
from orders.events import OrderDelivered, OrderPlaced
from tests.poisons import loop, swell

WITNESS = "faults.witness"
TABLE = "CREATE TABLE IF NOT EXISTS faults_effect (event_id uuid NOT NULL)"
UNTABLE = "DROP TABLE faults_effect"
TWICE = "SELECT event_id::text FROM faults_effect GROUP BY event_id HAVING count(*) > 1"
UNSEEN = """
    SELECT e.id::text FROM deliveryapp_outboxevent e
    WHERE e.type IN ('OrderPlaced', 'OrderDelivered')
      AND NOT EXISTS (SELECT 1 FROM faults_effect f WHERE f.event_id = e.id)
"""


POISON_VARIABLE = "FAULTS_POISON"  # set: some deliveries of an order are bad for the witness
# What of an OrderDelivered happens to him, by its id: (kind, of so many, this one).
POISONS = (("raises", 16, 0), ("kills", 16, 8), ("swells", 32, 12), ("loops", 64, 4))
_SIDE = "('x' || right(id::text, 2))::bit(8)::int"
POISONED = f"""
    SELECT id::text FROM deliveryapp_outboxevent WHERE type = 'OrderDelivered'
      AND ({" OR ".join(f"{_SIDE} % {of} = {side}" for _, of, side in POISONS)})
"""


class Poisoned(Exception):
    """It fails for ever."""


class NotYet(Exception):
    """The first try of an OrderPlaced always fails."""


def witness(envelope: Envelope) -> None:
    if os.environ.get(POISON_VARIABLE) and isinstance(envelope.event, OrderDelivered):
        _be_poisoned(envelope.id.int)
    tried = DeadLetter.objects.filter(handler=WITNESS, event_id=envelope.id).exists()
    if isinstance(envelope.event, OrderPlaced) and not tried:
        raise NotYet
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO faults_effect (event_id) VALUES (%s)", [envelope.id])


def _be_poisoned(number: int) -> None:
    match next((kind for kind, of, side in POISONS if number % of == side), ""):
        case "raises":
            raise Poisoned
        case "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        case "swells":
            swell()
        case "loops":
            loop()


def find_effects(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [event_id for (event_id,) in cursor.fetchall()]


SUBSCRIPTIONS = (
    *REAL,
    Subscription(
        name=WITNESS, handler="tests.faults.subscribers.witness", events=(OrderPlaced, OrderDelivered)
    ),
)
