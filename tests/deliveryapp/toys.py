"""A toy saga, toy handlers and a toy transport, for the tests of the kernel's engines."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db.models import F

from deliveryapp import saga
from deliveryapp.clock import utc_now
from deliveryapp.events import Envelope, read_envelope
from deliveryapp.ids import new_id
from deliveryapp.models import OutboxEvent, SagaRun, User
from deliveryapp.outbox import outbox_row
from deliveryapp.saga import Done, Outcome, Saga, Step
from deliveryapp.subscriptions import Subscription
from deliveryapp.transactions import require_no_transaction, require_transaction
from deliveryapp.transport import Lags, Wire
from orders.events import OrderReady


class Killed(BaseException):
    """The process dies here: no handler of ordinary errors sees it."""


# Events -------------------------------------------------------------------------------------


def ready(subject: UUID, region: str = "helsinki") -> OrderReady:
    return OrderReady(order_id=subject, restaurant_id=uuid4(), region=region)


def written(subject: UUID, seq: int, *, region: str = "helsinki", now: datetime | None = None) -> OutboxEvent:
    """An unsaved outbox row: event number `seq` of this order."""
    return outbox_row(ready(subject, region), seq=seq, now=now or utc_now())


def wire(subject: UUID, seq: int = 1, **changes: Any) -> dict[str, Any]:
    """An envelope on the wire: an order is ready."""
    region = changes.pop("region", "helsinki")
    envelope = Envelope(
        id=new_id(),
        type="OrderReady",
        source="orders",
        subject=subject,
        key=str(subject),
        seq=seq,
        time=utc_now(),
        dataversion=1,
        trace_id="t" * 32,
        event=ready(subject, region),
    )
    return envelope.as_json() | changes


class Recorder:
    """A transport that remembers."""

    def __init__(self) -> None:
        self.sent: list[tuple[UUID, int]] = []
        self._lock = threading.Lock()

    def send(self, envelopes: Sequence[Wire]) -> Mapping[str, str]:
        with self._lock:
            self.sent += [(read_envelope(one).subject, one["seq"]) for one in envelopes]
        return {}

    def identity(self) -> str:
        return "recorder"

    def lags(self) -> Lags:
        return {("toys", "orders.status"): len(self.sent)}


def disorder(sent: Sequence[tuple[UUID, int]]) -> list[tuple[UUID, int, int]]:
    """Where an aggregate's events did not come as 1, 2, 3 …: (aggregate, expected, came)."""
    expected: defaultdict[UUID, int] = defaultdict(lambda: 1)
    wrong = []
    for subject, seq in sent:
        if seq != expected[subject]:
            wrong.append((subject, expected[subject], seq))
        expected[subject] = seq + 1
    return wrong


# Handlers -----------------------------------------------------------------------------------

BROKEN = "a handler fails on this region"
broken_with: list[BaseException] = []
batches: list[list[int]] = []


def count(envelope: Envelope) -> None:
    """The effect is a number in the database: the epoch of the user who is the subject."""
    require_transaction()
    _count(envelope)


def push(envelope: Envelope) -> None:
    require_no_transaction()
    _count(envelope)


def count_all(envelopes: Sequence[Envelope]) -> None:
    batches.append([envelope.seq for envelope in envelopes])
    for envelope in envelopes:
        count(envelope)


def _count(envelope: Envelope) -> None:
    User.objects.filter(pk=envelope.subject).update(token_epoch=F("token_epoch") + 1)
    assert isinstance(envelope.event, OrderReady)
    if envelope.event.region == BROKEN and broken_with:
        raise broken_with[0]


def effects(user: User) -> int:
    return User.objects.get(pk=user.pk).token_epoch


HERE = "tests.deliveryapp.toys"
SUBSCRIPTIONS = (Subscription(name="toy.count", handler=f"{HERE}.count", events=(OrderReady,), queue="toys"),)
WITH_PUSH = (
    *SUBSCRIPTIONS,
    Subscription(name="toy.push", handler=f"{HERE}.push", events=(OrderReady,), exactly_once=False),
)

PUSH_ONLY = WITH_PUSH[1:]
BATCHED = (Subscription(name="toy.batched", handler=f"{HERE}.count_all", events=(OrderReady,), batched=True),)

# A saga -------------------------------------------------------------------------------------

Reaction = Outcome | Callable[[UUID], Outcome]


class Script:
    """What the toy saga's steps answer, in turn, and what ran. A step without a script is done at once."""

    def __init__(self) -> None:
        self.answers: defaultdict[str, list[Reaction]] = defaultdict(list)
        self.ran: list[str] = []

    def clear(self) -> None:
        self.answers.clear()
        self.ran.clear()

    def __call__(self, name: str, *answers: Reaction) -> None:
        self.answers[name] += answers

    def action(self, name: str) -> Callable[[UUID], Outcome]:
        def act(subject_id: UUID) -> Outcome:
            require_no_transaction()
            self.ran.append(name)
            answer = self.answers[name].pop(0) if self.answers[name] else Done()
            return answer(subject_id) if callable(answer) else answer

        return act


script = Script()
TOY = Saga(
    name="toy",
    steps=(
        Step("cook", script.action("cook"), script.action("throw away"), max_attempts=3),
        Step("pack", script.action("pack"), script.action("unpack"), max_attempts=3),
        Step("ring", script.action("ring"), max_attempts=3),
    ),
)


def begin(step: str = "cook") -> SagaRun:
    """A run that is due and that nobody holds."""
    run, _ = saga.new_run(saga="toy", subject_id=uuid4(), step=step)
    run.lease_token = run.leased_until = None
    run.save(force_insert=True)
    run.refresh_from_db()
    return run
