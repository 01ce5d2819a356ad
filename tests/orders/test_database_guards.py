"""What the database itself refuses, whoever writes it: raw SQL, as a wrong program would send it."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from config.audit.invariants import legal_moves
from orders.models import Order, OrderStatusChange
from tests.orders.stage import Stage

pytestmark = pytest.mark.django_db
STATES = [str(status) for status in Order.Status]


def execute(sql: str, *params: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def without_the_trigger(order_id: UUID, status: str) -> None:
    """Put an order into a state without walking there."""
    execute("ALTER TABLE orders_order DISABLE TRIGGER orders_legal_moves")
    execute("UPDATE orders_order SET status = %s WHERE id = %s", status, order_id)
    execute("ALTER TABLE orders_order ENABLE TRIGGER orders_legal_moves")


@pytest.fixture
def order_id(stage: Stage) -> UUID:
    answer = stage.place()
    execute("SET CONSTRAINTS ALL IMMEDIATE")  # else an ALTER TABLE would find events pending
    return UUID(answer.json()["id"])


def test_only_the_moves_of_the_state_machine_are_possible(order_id: UUID) -> None:
    """All 81 pairs: the trigger and the model know the same graph."""
    possible = set()
    for source, target in product(STATES, STATES):
        without_the_trigger(order_id, source)
        with suppress(IntegrityError):
            execute("UPDATE orders_order SET status = %s, seq = seq + 1 WHERE id = %s", target, order_id)
            possible.add((source, target))

    standing_still = {(status, status) for status in STATES}
    assert possible - standing_still == set(legal_moves())


def test_a_move_must_be_counted(order_id: UUID) -> None:
    for seq in ("seq", "seq + 2", "seq - 1"):
        with pytest.raises(IntegrityError, match="must count its moves"):
            execute(f"UPDATE orders_order SET status = 'confirmed', seq = {seq} WHERE id = %s", order_id)


def test_an_unknown_state_is_refused(order_id: UUID) -> None:
    execute("ALTER TABLE orders_order DISABLE TRIGGER orders_legal_moves")
    with pytest.raises(IntegrityError, match="order_status_is_known"):
        execute("UPDATE orders_order SET status = 'eaten' WHERE id = %s", order_id)


def test_the_model_cannot_be_set_either(order_id: UUID) -> None:
    order = Order.objects.get(pk=order_id)
    with pytest.raises(AttributeError):
        order.status = Order.Status.DELIVERED


def test_history_is_never_rewritten(order_id: UUID) -> None:
    for column, value in (
        ("to_status", "delivered"),
        ("actor", "nobody"),
        ("at", "2020-01-01"),
        ("reason", "x"),
    ):
        with pytest.raises(IntegrityError, match="never rewritten"):
            execute(f"UPDATE orders_orderstatuschange SET {column} = %s WHERE order_id = %s", value, order_id)
    assert [row.to_status for row in OrderStatusChange.objects.order_by("seq")] == ["created", "placed"]


def test_history_is_never_deleted(order_id: UUID) -> None:
    with pytest.raises(IntegrityError, match="never rewritten"):
        execute("DELETE FROM orders_orderstatuschange WHERE order_id = %s", order_id)


def test_history_has_no_forks(order_id: UUID) -> None:
    with pytest.raises(IntegrityError, match="order_history_has_no_forks"):
        execute(
            "INSERT INTO orders_orderstatuschange (order_id, seq, from_status, to_status, actor, reason, at) "
            "VALUES (%s, 2, 'created', 'failed', 'system', '', now())",
            order_id,
        )


PARTS = ["subtotal", "delivery_fee", "service_fee", "tax", "tip", "discount", "total"]


@pytest.mark.parametrize("part", PARTS)
def test_a_total_that_does_not_add_up_is_refused(order_id: UUID, part: str) -> None:
    # A discount needs a promotion, too; PostgreSQL names the first rule that is broken.
    rule = "order_discount_has_a_bearer" if part == "discount" else "order_total_adds_up"
    with pytest.raises(IntegrityError, match=rule):
        execute(f"UPDATE orders_order SET {part}_minor = {part}_minor + 1 WHERE id = %s", order_id)


@pytest.mark.parametrize(("part", "sign"), [(part, 1 if part != "discount" else -1) for part in PARTS[:-1]])
def test_an_amount_is_never_negative(order_id: UUID, part: str, sign: int) -> None:
    """Even when it adds up."""
    with pytest.raises(IntegrityError, match="order_amounts_are_not_negative"):
        execute(
            f"UPDATE orders_order SET total_minor = total_minor - {sign} * ({part}_minor + 1), "
            f"{part}_minor = -1 WHERE id = %s",
            order_id,
        )


def test_a_line_has_at_least_one(order_id: UUID) -> None:
    with pytest.raises(IntegrityError):
        execute("UPDATE orders_orderline SET quantity = 0 WHERE order_id = %s", order_id)


def test_an_order_is_not_deleted_with_its_customer(order_id: UUID) -> None:
    with pytest.raises(IntegrityError, match="violates foreign key"):
        execute("DELETE FROM orders_customer")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("captured_minor = authorized_minor + 1", "payment_captured_within_authorized"),
        ("captured_minor = -1", "payment_captured_within_authorized"),
        ("refunded_minor = 1", "payment_refunded_within_captured"),
        ("refunded_minor = -1", "payment_refunded_within_captured"),
        ("amount_minor = 0", "payment_amount_is_positive"),
    ],
)
def test_money_stays_within_its_bounds(order_id: UUID, change: str, rule: str) -> None:
    with pytest.raises(IntegrityError, match=rule):
        execute(f"UPDATE payments_payment SET {change} WHERE order_id = %s", order_id)


def test_a_payment_is_captured_by_one_operation(order_id: UUID) -> None:
    """One at a time; a later one is another attempt after a failure, with a key of its own."""
    with pytest.raises(IntegrityError, match="payment_has_one_open_operation_of_each_kind"):
        execute(
            """
            INSERT INTO payments_paymentoperation
                (id, payment_id, kind, key, amount_minor, state, attempts, next_try_at, error)
            SELECT gen_random_uuid(), payment_id, 'capture', 'key ' || n, 1, 'pending', 0, now(), ''
            FROM payments_paymentoperation, generate_series(1, 2) n
            """
        )


def test_a_posting_that_does_not_balance_is_refused(order_id: UUID) -> None:
    with pytest.raises(IntegrityError, match=r"posting .* is off by 5 EUR"):
        execute(
            """
            INSERT INTO payments_ledgerentry (posting, kind, reference, account, amount_minor, currency)
            SELECT p, 'capture', 'by hand', a.account, a.amount_minor, 'EUR'
            FROM gen_random_uuid() p, (VALUES ('provider', 105), ('platform', -100)) a (account, amount_minor)
            """
        )


@pytest.mark.parametrize(
    "rewrite", ["UPDATE payments_ledgerentry SET party_id = NULL", "DELETE FROM payments_ledgerentry"]
)
def test_the_ledger_is_never_rewritten(order_id: UUID, rewrite: str) -> None:
    with pytest.raises(IntegrityError, match="the ledger is never rewritten"):
        execute(rewrite)
