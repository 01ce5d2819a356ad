"""Every move of every state machine is told by exactly one event, with the next number (registry, DESIGN 5).

Triggers write down what really changed in the tables; the doors are the real ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, models
from django.db.models import F
from django_fsm import RETURN_VALUE

from config.audit.invariants import changes_in_place, legal_moves
from deliveryapp.models import OutboxEvent, User
from drivers.models import Assignment, Delivery, Offer
from orders.models import Order
from payments.gateways import gateway
from payments.models import Payment
from tests.architecture.test_events import TOLD_BY, TOLD_IN_PLACE
from tests.drivers.stage import let_expire, tick
from tests.orders.stage import TOTAL_MINOR, ClientOf, Stage, hurry
from tests.payments.provider import answer_bank, event, tell
from tests.worker import drain

Move = tuple[str, str]
NEW = ""
RELEASED = "DriverReleased"

ORDER = {
    (NEW, "created"): "OrderCreated",
    **{move: TOLD_BY[move[1]] for move in legal_moves()},
    **{move: TOLD_IN_PLACE[move[1]] for move in changes_in_place()},
}
DELIVERY = {
    (NEW, "searching"): "DriverSearchStarted",
    ("searching", "assigned"): "DriverAssigned",
    ("assigned", "searching"): RELEASED,
    ("assigned", "picked_up"): "DriverPickedUp",
    ("picked_up", "delivered"): "DriverDelivered",
    ("searching", "cancelled"): "DriverSearchEnded",
    ("assigned", "cancelled"): RELEASED,
    ("picked_up", "cancelled"): RELEASED,
}
ASSIGNMENT = {
    (NEW, "assigned"): "DriverAssigned",
    ("assigned", "arrived"): "DriverArrived",
    ("assigned", "picked_up"): "DriverPickedUp",
    ("arrived", "picked_up"): "DriverPickedUp",
    ("picked_up", "delivered"): "DriverDelivered",
    ("assigned", "released"): RELEASED,
    ("arrived", "released"): RELEASED,
    ("picked_up", "released"): RELEASED,
}
OFFER = {
    (NEW, "pending"): "DriverOffered",
    ("pending", "accepted"): "DriverAssigned",
    ("pending", "declined"): "DriverOfferDeclined",
    ("pending", "expired"): "DriverOfferExpired",
    ("pending", "withdrawn"): "DriverOfferWithdrawn",
}
PAYMENT = {
    ("pending", "requires_action"): "PaymentActionRequired",
    ("pending", "authorized"): "PaymentAuthorized",
    ("requires_action", "authorized"): "PaymentAuthorized",
    ("authorized", "authorized"): "PaymentReauthorized",
    ("pending", "declined"): "PaymentDeclined",
    ("requires_action", "declined"): "PaymentDeclined",
    ("authorized", "captured"): "PaymentCaptured",
    ("pending", "voided"): "PaymentVoided",
    ("requires_action", "voided"): "PaymentVoided",
    ("authorized", "voided"): "PaymentVoided",
    ("captured", "partially_refunded"): "PaymentRefunded",
    ("captured", "refunded"): "PaymentRefunded",
    ("partially_refunded", "partially_refunded"): "PaymentRefunded",
    ("partially_refunded", "refunded"): "PaymentRefunded",
}
# machine: (model, field, column of the aggregate's id, figures whose change is a move too, what tells)
Machine = tuple[type[models.Model], str, str, list[str], dict[Move, str]]
MACHINES: dict[str, Machine] = {
    "order": (Order, "status", "id", ["seq"], ORDER),
    "delivery": (Delivery, "status", "id", [], DELIVERY),
    "assignment": (Assignment, "status", "delivery_id", [], ASSIGNMENT),
    "offer": (Offer, "status", "delivery_id", [], OFFER),
    "payment": (Payment, "state", "id", ["authorized_minor", "refunded_minor"], PAYMENT),
}
SOURCES = {"order": "orders", "payment": "payments"}  # the others: drivers


@pytest.mark.parametrize("name", MACHINES)
def test_every_transition_of_the_model_has_its_event(name: str) -> None:
    model, field, _, _, told_by = MACHINES[name]
    legal = {
        (str(move.source), str(target or move.source))
        for move in model._meta.get_field(field).get_all_transitions(model)  # type: ignore[union-attr]
        for target in targets_of(move.target)
    }
    assert {move for move in told_by if move[0] != NEW} == legal


def targets_of(target: Any) -> list[Any]:
    return target.allowed_states if isinstance(target, RETURN_VALUE) else [target]


# What happens on stage ----------------------------------------------------------------------


@pytest.fixture
def seen(db: None) -> Callable[[], dict[str, dict[UUID, list[Move]]]]:
    """Every move that the tables make from now on: machine -> aggregate -> moves in their order."""
    with connection.cursor() as cursor:
        cursor.execute(SEE_MOVES)
        for name, (model, field, key, figures, _) in MACHINES.items():
            words = ", ".join(f"'{word}'" for word in (name, field, key, *figures))
            cursor.execute(
                f"CREATE TRIGGER see AFTER INSERT OR UPDATE ON {model._meta.db_table} "
                f"FOR EACH ROW EXECUTE FUNCTION see_move({words})"
            )

    def read() -> dict[str, dict[UUID, list[Move]]]:
        found: dict[str, dict[UUID, list[Move]]] = {name: defaultdict(list) for name in MACHINES}
        with connection.cursor() as cursor:
            cursor.execute("SELECT machine, subject, was, became FROM move_seen ORDER BY n")
            for machine, subject, was, became in cursor.fetchall():
                found[machine][subject].append((was, became))
        return found

    return read


SEE_MOVES = """
CREATE TABLE move_seen (n bigserial, machine text, subject uuid, was text, became text);
CREATE FUNCTION see_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
    new_row jsonb := to_jsonb(NEW);
    was text := coalesce(old_row ->> TG_ARGV[1], '');
    became text := new_row ->> TG_ARGV[1];
    moved boolean := was <> became;
BEGIN
    FOR n IN 3 .. TG_NARGS - 1 LOOP
        moved := moved OR (was <> '' AND old_row -> TG_ARGV[n] <> new_row -> TG_ARGV[n]);
    END LOOP;
    IF moved THEN
        INSERT INTO move_seen (machine, subject, was, became)
        VALUES (TG_ARGV[0], (new_row ->> TG_ARGV[2])::uuid, was, became);
    END IF;
    RETURN NULL;
END $$
"""


@pytest.fixture
def support(as_: ClientOf, sam: User) -> Any:
    return as_(sam)


def orders_walk_every_way(stage: Stage, support: Any) -> None:
    from tests.architecture.test_events import walks

    for _ in walks(stage, lambda _: support, User.objects.get(name="Sam")):
        pass


def cards_are_asked_and_say_no(stage: Stage) -> None:
    for result in ("complete", "fail"):
        answer = stage.place(payment_method="pm_card_threeDSecureRequired")
        answer_bank(answer.json()["payment"]["next_action_url"], result)
        hurry()
        drain()
    stage.place(payment_method="pm_card_threeDSecureRequired")
    Order.objects.filter(status="created").update(created_at=F("created_at") - timedelta(hours=1))
    hurry()
    drain()


def a_hold_ends_before_we_hear_of_it(stage: Stage) -> None:
    """Pending, the answer was lost, and the provider says that the intent was cancelled."""
    stage.sandbox.faults({"operation": "payment_intents.create", "kind": "lost_after_effect", "times": 1})
    order_id = stage.unsettled()
    [hold] = [row for row in stage.sandbox.all_effects() if row["metadata"].get("order_id") == str(order_id)]
    ref = hold["payment_intent"]
    gateway("stripe").void(ref, key="in the dashboard")
    tell(event("payment_intent.canceled", ref))
    drain()


def support_gives_money_back(stage: Stage, support: Any) -> None:
    for parts in ([100, 200, TOTAL_MINOR - 300], [TOTAL_MINOR]):
        order_id = stage.on_the_road()
        stage.must(stage.ride(order_id, "delivered"))
        for number, minor in enumerate(parts):
            answer = support.post(
                f"/api/v1/orders/{order_id}/refunds/",
                {"amount_minor": minor, "reason": "cold"},
                format="json",
                HTTP_IDEMPOTENCY_KEY=f"{order_id}-{number}",
            )
            assert answer.status_code in (200, 201), answer.content
            drain()


def a_tip_raises_the_hold(stage: Stage) -> None:
    order_id = stage.assigned()
    answer = stage.ada.put(f"/api/v1/orders/{order_id}/tip/", {"tip_minor": 300}, format="json")
    assert answer.status_code == 200, answer.content
    drain()
    stage.must(stage.cancel(order_id))


def riders_change_their_minds(stage: Stage) -> None:
    for arrives in (False, True):
        order_id = stage.assigned()
        if arrives:
            stage.must(stage.ride(order_id, "arrived", {"at": "restaurant"}))
        stage.must(stage.ride(order_id, "release", {"reason": "vehicle"}))
        stage.must(stage.cancel(order_id))
    order_id = stage.assigned()
    stage.must(stage.ride(order_id, "arrived", {"at": "restaurant"}))
    stage.must(stage.board(order_id, "preparing"))
    stage.must(stage.board(order_id, "ready"))
    stage.must(stage.ride(order_id, "picked-up"))
    stage.must(stage.ride(order_id, "delivered"))


def offers_end_in_every_way(stage: Stage) -> None:
    for end in ("declined", "expired", "withdrawn"):
        stage.cleo_goes_online()
        order_id = stage.confirmed()
        offer_id = stage.cleo_is_asked()
        if end == "declined":
            stage.must(
                stage.cleo.post(
                    f"/api/v1/driver/offers/{offer_id}/decline/", {"reason": "too_far"}, format="json"
                )
            )
        elif end == "expired":
            let_expire(order_id)
            tick()
        stage.must(stage.cancel(order_id))
    order_id = stage.confirmed()
    drain()
    stage.must(stage.cancel(order_id))


@pytest.mark.slow
def test_every_move_is_told_by_exactly_one_event_with_the_next_number(
    stage: Stage, support: Any, seen: Callable[[], dict[str, dict[UUID, list[Move]]]]
) -> None:
    orders_walk_every_way(stage, support)
    cards_are_asked_and_say_no(stage)
    a_hold_ends_before_we_hear_of_it(stage)
    support_gives_money_back(stage, support)
    a_tip_raises_the_hold(stage)
    riders_change_their_minds(stage)
    offers_end_in_every_way(stage)

    moves = seen()
    for name, (*_, told_by) in MACHINES.items():
        for subject, path in moves[name].items():
            assert told(name, subject) == [told_by[move] for move in path if move in told_by], (name, path)
        made = {move for path in moves[name].values() for move in path}
        assert made - {(NEW, "pending")} == set(told_by) - {(NEW, "pending")}, name
    assert no_number_is_missing()


def told(name: str, subject: UUID) -> list[str]:
    """The events of this machine's aggregate that tell of its moves, by their numbers."""
    rows = OutboxEvent.objects.filter(source=SOURCES.get(name, "drivers"), subject=subject).order_by("seq")
    words = set(MACHINES[name][-1].values())
    return [row.type for row in rows if row.type in words and row.data.get("at") != "customer"]


def no_number_is_missing() -> bool:
    numbers = defaultdict(list)
    for source, subject, seq in OutboxEvent.objects.values_list("source", "subject", "seq"):
        numbers[source, subject].append(seq)
    return all(sorted(seqs) == list(range(1, len(seqs) + 1)) for seqs in numbers.values())
