"""The audit sees each kind of breach, names it by its invariant, and sees nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from uuid import UUID, uuid4

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from config.audit import INVARIANTS, find_breaches, find_money_breaches
from orders.models import Order
from payments.gateways import Answered, Hold, gateway
from payments.models import Payment
from tests.cast import make_user
from tests.orders.stage import TOTAL_MINOR, Stage

pytestmark = pytest.mark.django_db


@contextmanager
def unguarded() -> Iterator[Callable[..., None]]:
    """SQL without triggers and foreign keys, as after a faulty restore."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield lambda sql, *params: cursor.execute(sql, params)
        cursor.execute("SET LOCAL session_replication_role = origin")


def broken() -> list[str]:
    return [row.id for row in INVARIANTS if find_breaches(row)]


def placed(stage: Stage) -> UUID:
    return stage.placed()


def cancelled(stage: Stage) -> UUID:
    order_id = stage.placed()
    stage.must(stage.cancel(order_id))
    return order_id


def assigned(stage: Stage) -> UUID:
    return stage.assigned()


def delivered(stage: Stage) -> UUID:
    order_id = stage.on_the_road()
    stage.must(stage.ride(order_id, "delivered"))
    return order_id


FEE_MINOR = 65  # 1.4 % and 25 cents of TOTAL_MINOR
ORDER_IS = "WHERE order_id = %s"
MOVES = "INSERT INTO orders_orderstatuschange (order_id, seq, from_status, to_status, actor, reason, at)"
NOBODYS = "01980000-0000-7000-8000-000000000009"

# id: (an order that is fine, what goes wrong with it); `%s` is the order's id
PLANTED: dict[str, tuple[Callable[[Stage], UUID], str]] = {
    "I1": (
        placed,
        "UPDATE deliveryapp_idempotencyrecord SET resource_id = gen_random_uuid() WHERE resource_id = %s",
    ),
    "I2 ended too early": (
        placed,
        "UPDATE deliveryapp_sagarun SET status = 'completed', finished_at = now() WHERE subject_id = %s",
    ),
    "I2 goes on too long": (
        delivered,
        "UPDATE deliveryapp_sagarun SET status = 'running', finished_at = NULL WHERE subject_id = %s",
    ),
    "I2 missing": (placed, "DELETE FROM deliveryapp_sagarun WHERE subject_id = %s"),
    "I3a": (placed, f"UPDATE orders_orderstatuschange SET to_status = 'ready' {ORDER_IS} AND seq = 1"),
    "I3b": (placed, f"UPDATE orders_orderstatuschange SET seq = 3 {ORDER_IS} AND seq = 2"),
    "I3b another end": (placed, "UPDATE orders_order SET status = 'confirmed' WHERE id = %s"),
    "I5a": (
        delivered,
        "UPDATE orders_order SET tip_minor = tip_minor + 1, total_minor = total_minor + 1 WHERE id = %s",
    ),
    "I5b": (cancelled, f"UPDATE payments_payment SET state = 'pending' {ORDER_IS}"),
    "I6a": (
        delivered,
        "UPDATE payments_ledgerentry SET amount_minor = amount_minor + 1"
        f" {ORDER_IS} AND account = 'platform'",
    ),
    "I6b": (delivered, f"UPDATE payments_payment SET fee_minor = fee_minor + 1 {ORDER_IS}"),
    "I6c": (
        delivered,
        """
        INSERT INTO payments_refund
            (id, payment_id, request_key, destination, amount_minor, parts, reason, state)
        SELECT gen_random_uuid(), id, 'a key', 'card', 1, '[]', 'other', 'succeeded' FROM payments_payment
        """,
    ),
    "I6d": (
        placed,
        """
        INSERT INTO payments_customercredit (id, customer_id, currency, balance_minor)
        SELECT gen_random_uuid(), customer_id, currency, 1 FROM payments_payment
        """,
    ),
    "I8a": (
        assigned,
        """
        DROP INDEX assignment_one_live_per_order;
        WITH second AS (
            INSERT INTO drivers_driver (id, user_id, name, status, region, vehicle, capacity, active_count,
                                        rating_tenths, version, missed_offers)
            SELECT gen_random_uuid(), (SELECT id FROM deliveryapp_user WHERE email = 'rider@demo.example'),
                   'Rider', 'busy', 'helsinki', 'car', 1, 1, 50, 1, 0 RETURNING id
        )
        INSERT INTO drivers_assignment (id, delivery_id, driver_id, order_id, status, version, assigned_at,
                                        release_reason)
        SELECT gen_random_uuid(), a.delivery_id, second.id, a.order_id, 'assigned', 0, now(), ''
        FROM drivers_assignment a, second WHERE a.order_id = %s
        """,
    ),
    "I8b": (
        placed,
        "UPDATE drivers_driver SET status = 'busy', active_count = 1",
    ),
    "I9 ended": (
        delivered,
        "WITH ride AS (UPDATE drivers_assignment SET status = 'picked_up' WHERE order_id = %s)"
        " UPDATE drivers_driver SET status = 'busy', active_count = 1",
    ),
    "I9 alone": (
        assigned,
        f"""
        UPDATE drivers_driver SET status = 'available', active_count = 0;
        UPDATE drivers_assignment SET status = 'released', released_at = now(), release_reason = 'other';
        {MOVES} VALUES
            (%s, 4, 'confirmed', 'preparing', 'x', '', now()),
            (%s, 5, 'preparing', 'ready', 'x', '', now()),
            (%s, 6, 'ready', 'picked_up', 'x', '', now());
        UPDATE orders_order SET status = 'picked_up', seq = 6 WHERE id = %s
        """,
    ),
    "I10 unpublished": (
        placed,
        "UPDATE deliveryapp_outboxevent SET published_at = NULL, occurred_at = now() - interval '61 s'"
        " WHERE subject = %s AND seq = 2",
    ),
    "I10 dead": (
        placed,
        """
        INSERT INTO deliveryapp_deadletter
            (id, handler, event_id, envelope, error, attempts, state, next_try_at, resolved_reason)
        VALUES (gen_random_uuid(), 'orders.saga', %s, '{}', 'ValueError', 8, 'dead', now(), '')
        """,
    ),
    "I10b": (
        placed,
        "UPDATE deliveryapp_outboxevent SET published_at = published_at - interval '1 s'"
        " WHERE subject = %s AND seq = 2",
    ),
    "I11": (placed, "DELETE FROM deliveryapp_inboxentry WHERE %s IS NOT NULL"),
    "I12": (
        cancelled,
        "UPDATE deliveryapp_sagastep SET outcome = 'retry' FROM deliveryapp_sagarun r"
        " WHERE r.id = run_id AND r.subject_id = %s AND phase = 'compensation'"
        " AND deliveryapp_sagastep.step = 'notify_restaurant'",
    ),
    "I14b operation": (
        placed,
        "UPDATE payments_paymentoperation SET state = 'unknown', settled_at = NULL,"
        " leased_until = now() - interval '81 s', next_try_at = now() - interval '81 s'",
    ),
    "I14b shard": (
        placed,
        """
        UPDATE deliveryapp_relayshard SET token = gen_random_uuid(), leased_until = now() - interval '31 s';
        UPDATE deliveryapp_outboxevent SET published_at = NULL WHERE subject = %s AND seq = 2
        """,
    ),
    "I14 lease": (
        placed,
        "UPDATE deliveryapp_sagarun SET leased_until = now() - interval '121 s' WHERE subject_id = %s",
    ),
    "I14 offer": (
        assigned,
        "UPDATE drivers_offer SET status = 'pending', answered_at = NULL,"
        " expires_at = now() - interval '61 s'",
    ),
    "I15": (placed, f"UPDATE orders_orderline SET total_minor = total_minor + 1 {ORDER_IS}"),
    "I15b": (
        placed,
        "INSERT INTO orders_amendment (id, order_id, line_id, name, quantity, amount_minor, swap, state,"
        " made_by, made_at, expires_at) SELECT gen_random_uuid(), order_id, gen_random_uuid(), name, 1, 1,"
        " '{}', 'proposed', gen_random_uuid(), now(), now() - interval '2 minutes' FROM orders_orderline"
        f" {ORDER_IS}",
    ),
    "I21": (
        placed,
        "INSERT INTO restaurants_slotload (restaurant_id, starts_at, taken)"
        f" SELECT restaurant_id, now(), 1 FROM orders_order {ORDER_IS.replace('order_id', 'id')}",
    ),
    "I22": (
        placed,
        "INSERT INTO restaurants_promotion (id, title, code, kind, percent_bp, minimum_minor, currency,"
        " is_first_order_only, borne_by, starts_at, used)"
        " VALUES (gen_random_uuid(), 'x', '', 'percent', 100, 0, 'EUR', false, 'platform', now(), 1)",
    ),
    "I20": (
        placed,
        f"{MOVES} VALUES ('{NOBODYS}', 1, '', 'created', 'x', '', now()),"
        f" ('{NOBODYS}', 2, 'created', 'placed', 'x', '', now())",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_one_breach_is_seen_and_named(stage: Stage, name: str) -> None:
    make_user("Rider")
    arrange, sql = PLANTED[name]
    order_id = arrange(stage)
    stage.assert_clean()

    with unguarded() as execute:
        for statement in filter(str.strip, sql.split(";")):
            execute(statement, *[order_id] * statement.count("%s"))

    assert broken() == [name.split()[0]]


def test_every_invariant_has_its_breach() -> None:
    assert {row.id for row in INVARIANTS} == {name.split()[0] for name in PLANTED}


def test_a_breach_says_where_to_look(stage: Stage) -> None:
    order_id = placed(stage)
    with unguarded() as execute:
        execute(PLANTED["I15"][1], order_id)
    [row] = [row for row in INVARIANTS if row.id == "I15"]
    assert find_breaches(row) == [f"order {order_id} says 2500, its lines 2501"]


class TestMoney:
    """Our rows against the provider's log; the provider is made to do what we did not ask for."""

    def hold(self, reference: object) -> str:
        answer = gateway("stripe").authorize(
            Hold(TOTAL_MINOR, "EUR", "pm_card_visa", str(reference), "", "https://x.example/"),
            key=str(uuid4()),
        )
        assert isinstance(answer, Answered)
        return answer.intent.ref

    def breach(self, stage: Stage) -> str:
        [text] = find_money_breaches(stage.sandbox.url)
        return text

    def test_clean(self, stage: Stage) -> None:
        delivered(stage)
        stage.must(stage.cancel(stage.placed()))
        assert find_money_breaches(stage.sandbox.url) == []

    def test_a_hold_for_an_order_that_we_do_not_have(self, stage: Stage) -> None:
        stranger = uuid4()
        ref = self.hold(stranger)
        assert self.breach(stage) == f"I7 {ref} names order {stranger}, which we do not have"

    def test_an_order_that_is_held_twice(self, stage: Stage) -> None:
        order_id = stage.placed()
        refs = [Payment.objects.get().provider_ref, self.hold(order_id)]
        assert self.breach(stage) == f"I4 order {order_id} is held by {refs} and captured by []"

    def test_a_capture_that_we_do_not_know_of(self, stage: Stage) -> None:
        stage.placed()
        ref = Payment.objects.get().provider_ref
        assert ref is not None
        gateway("stripe").capture(ref, amount_minor=TOTAL_MINOR, key="behind our back")
        assert self.breach(stage).startswith(f"I6 {ref}: we say 0 captured")

    def test_a_refund_that_we_do_not_know_of(self, stage: Stage) -> None:
        delivered(stage)
        ref = Payment.objects.get().provider_ref
        assert ref is not None
        gateway("stripe").refund(ref, amount_minor=1, key="behind our back")
        assert self.breach(stage).startswith(f"I6 {ref}: we say {TOTAL_MINOR} captured and 0 refunded")

    def test_a_hold_that_the_provider_does_not_have(self, stage: Stage) -> None:
        stage.placed()
        Payment.objects.update(provider_ref="pi_made_up")
        assert self.breach(stage) == "I6 pi_made_up: we say authorized, the provider never held anything"

    @pytest.mark.parametrize(
        ("arrange", "account", "there"),
        [(delivered, "provider", TOTAL_MINOR - FEE_MINOR), (placed, "holds", TOTAL_MINOR)],
    )
    def test_books_that_are_a_cent_off(
        self, stage: Stage, arrange: Callable[[Stage], UUID], account: str, there: int
    ) -> None:
        """Row and log agree, the ledger does not."""
        arrange(stage)
        with unguarded() as execute:
            execute(
                "UPDATE payments_ledgerentry SET amount_minor = amount_minor + 1 WHERE id ="
                " (SELECT max(id) FROM payments_ledgerentry WHERE account = %s AND amount_minor > 0)",
                account,
            )
        payment_id = Payment.objects.get().pk
        said = f"I6 payment {payment_id}: the ledger has {there + 1} as {account}, the provider {there}"
        assert self.breach(stage) == said

    def test_a_fee_that_we_have_not_booked(self, stage: Stage) -> None:
        delivered(stage)
        with unguarded() as execute:
            execute("DELETE FROM payments_ledgerentry WHERE kind = 'provider_fee'")
        payment_id = Payment.objects.get().pk
        assert self.breach(stage) == (
            f"I6 payment {payment_id}: the ledger has {TOTAL_MINOR} as provider, "
            f"the provider {TOTAL_MINOR - FEE_MINOR}"
        )

    def test_a_delivery_that_was_not_paid(self, stage: Stage) -> None:
        order_id = stage.placed()
        with unguarded() as execute:
            execute("UPDATE orders_order SET status = 'delivered' WHERE id = %s", order_id)
        assert self.breach(stage) == f"I5 order {order_id} of {TOTAL_MINOR} was delivered, captured 0"

    @pytest.mark.parametrize("end", ["cancelled", "failed"])
    def test_an_end_with_a_live_hold(self, stage: Stage, end: str) -> None:
        order_id = stage.placed()
        with unguarded() as execute:
            execute("UPDATE orders_order SET status = %s WHERE id = %s", end, order_id)
        ref = Payment.objects.get().provider_ref
        assert self.breach(stage) == f"I5 order {order_id} is {end}, but {[ref]} is held and 0 kept"

    def test_the_log_is_read_to_its_end(self, stage: Stage) -> None:
        """It comes in pages."""
        for _ in range(3):
            stage.placed()
        self.hold(uuid4())
        original = httpx.Client.get

        def small_pages(self: httpx.Client, url: str, *, params: dict[str, int]) -> httpx.Response:
            return original(self, url, params={**params, "limit": 2})

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(httpx.Client, "get", small_pages)
            assert self.breach(stage).startswith("I7")


class TestTheCommand:
    def run(self, **options: object) -> str:
        said = StringIO()
        call_command("audit", stdout=said, **options)
        return said.getvalue()

    def test_clean(self, stage: Stage) -> None:
        delivered(stage)
        assert f"{len(INVARIANTS) + 1} invariants hold" in self.run(sandbox_url=stage.sandbox.url)
        assert f"{len(INVARIANTS)} invariants hold" in self.run()

    def test_a_breach_is_an_error(self, stage: Stage) -> None:
        order_id = stage.placed()
        with unguarded() as execute:
            execute(PLANTED["I15"][1], order_id)
        with pytest.raises(CommandError, match="1 breach"):
            self.run()

    def test_a_breach_of_money_is_an_error(self, stage: Stage) -> None:
        order_id = stage.placed()
        with unguarded() as execute:
            execute("UPDATE orders_order SET status = 'delivered' WHERE id = %s", order_id)
        with pytest.raises(CommandError):
            self.run(sandbox_url=stage.sandbox.url)

    def test_it_waits_for_the_system_to_come_to_rest(self, stage: Stage) -> None:
        """Nothing to wait for: it ends at once."""
        assert "audit clean" in self.run(wait=30)

    def test_it_changes_nothing(self, stage: Stage) -> None:
        order_id = delivered(stage)
        before = Order.objects.filter(pk=order_id).values().get()
        self.run(sandbox_url=stage.sandbox.url)
        assert Order.objects.filter(pk=order_id).values().get() == before
