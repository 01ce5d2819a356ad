"""Several writes as one statement: all of them or none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from deliveryapp import outbox
from deliveryapp.batch import NUMBERED_ONCE, Batch, NotOverwritten, StaleWrite
from deliveryapp.clock import utc_now
from deliveryapp.models import IdempotencyRecord, OutboxEvent, RelayShard, SagaRun, SagaStep, User
from deliveryapp.transactions import durable
from orders.models import OrderStatusChange
from payments.models import LedgerEntry
from tests.crowd import at_once
from tests.deliveryapp.conftest import Nudge
from tests.deliveryapp.toys import ready, written

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = uuid4()


def new_run(subject_id: UUID | None = None) -> SagaRun:
    return SagaRun(saga="toy", subject_id=subject_id or uuid4(), step="cook", due_at=utc_now())


def execute(batch: Batch) -> None:
    with durable():
        batch.execute()


def test_inserts_and_updates_go_in_one_statement(ada: User) -> None:
    run, shard = new_run(), RelayShard.objects.create(shard=3)
    batch = Batch()
    batch.insert(
        SagaStep(run=run, step="cook"), run
    )  # the foreign key is checked at the end of the statement
    batch.update(
        User.objects.filter(pk=ada.pk, token_epoch=0), token_epoch=F("token_epoch") + 5, name="Ada L."
    )
    batch.insert_if_missing(shard)

    with (
        durable(),
        CaptureQueriesContext(
            connection,
        ) as queries,
    ):
        batch.execute()

    assert len([query for query in queries if query["sql"].startswith("WITH")]) == len(queries) == 1
    ada.refresh_from_db()
    assert (ada.token_epoch, ada.name) == (5, "Ada L.")
    assert SagaStep.objects.get().run == run
    assert not run._state.adding


def test_rows_of_one_table_keep_their_order() -> None:
    subject = uuid4()
    batch = Batch()
    batch.insert(*(written(subject, seq) for seq in range(1, 101)))

    execute(batch)

    assert list(OutboxEvent.objects.order_by("position").values_list("seq", flat=True)) == list(range(1, 101))


@pytest.mark.parametrize("missing", ["gone", "changed", "one of two"])
def test_an_update_that_misses_rolls_everything_back(ada: User, bo: User, missing: str) -> None:
    batch = Batch()
    batch.insert(new_run())
    batch.insert_if_missing(RelayShard(shard=3))
    batch.update(User.objects.filter(pk=bo.pk), name="Bob")
    rows, expect = {
        "gone": (User.objects.filter(pk=uuid4()), 1),
        "changed": (User.objects.filter(pk=ada.pk, token_epoch=7), 1),
        "one of two": (User.objects.filter(pk=ada.pk), 2),
    }[missing]
    batch.update(rows, expect=expect, name="Eve")

    with pytest.raises(StaleWrite):
        execute(batch)

    assert set(User.objects.values_list("name", flat=True)) == {"Ada", "Bo"}
    assert not SagaRun.objects.exists()
    assert not RelayShard.objects.exists()


def test_an_update_that_misses_says_what_it_was_told_to_say(ada: User, bo: User) -> None:
    """The first of several that miss speaks, and what has no words of its own stays silent behind it."""
    batch = Batch()
    batch.update(User.objects.filter(pk=bo.pk), name="Bob")
    batch.update(User.objects.filter(pk=uuid4()), name="Nobody")
    batch.update(User.objects.filter(pk=uuid4()), name="Nobody", refusal=OutOfSoup("first"))
    batch.update(User.objects.filter(pk=ada.pk, name="Eve"), name="Ada L.", refusal=OutOfSoup("second"))
    with pytest.raises(OutOfSoup, match="first"):
        execute(batch)
    bo.refresh_from_db()
    assert bo.name == "Bo"


class OutOfSoup(Exception):
    pass


def test_an_update_that_hits_too_many_rolls_back_too(ada: User, bo: User) -> None:
    batch = Batch()
    batch.update(User.objects.all(), name="Everybody")

    with pytest.raises(StaleWrite):
        execute(batch)

    assert set(User.objects.values_list("name", flat=True)) == {"Ada", "Bo"}


def test_what_is_there_already_is_left_as_it_is() -> None:
    token = uuid4()
    RelayShard.objects.create(shard=3, token=token)
    batch = Batch()
    batch.insert_if_missing(RelayShard(shard=3))
    batch.insert_if_missing(RelayShard(shard=4))

    execute(batch)

    assert set(RelayShard.objects.values_list("shard", "token")) == {(3, token), (4, None)}


def test_a_number_that_somebody_else_took_means_an_old_view() -> None:
    subject = uuid4()
    written(subject, 1).save()
    batch = Batch()
    batch.insert(new_run(), written(subject, 1))

    with pytest.raises(StaleWrite):
        execute(batch)

    assert not SagaRun.objects.exists()
    assert OutboxEvent.objects.count() == 1


def test_the_numbered_rows_are_kept_by_constraints_of_these_names() -> None:
    names = {
        constraint.name
        for model in (OutboxEvent, OrderStatusChange, LedgerEntry)
        for constraint in model._meta.constraints
    }

    assert set(NUMBERED_ONCE) <= names


def test_other_constraints_speak_for_themselves(ada: User) -> None:
    """Also when the data contain the name of a constraint that means an old view."""
    key = "outbox_seq_is_unique_per_aggregate"
    IdempotencyRecord.objects.create(user=ada, key=key, request_hash="a")
    batch = Batch()
    batch.insert(new_run(), IdempotencyRecord(user=ada, key=key, request_hash="b"))

    with pytest.raises(IntegrityError, match="idempotency_key_is_unique_per_user"):
        execute(batch)

    assert not SagaRun.objects.exists()


def test_a_foreign_key_to_nothing_is_refused() -> None:
    batch = Batch()
    batch.insert(SagaStep(run=new_run(), step="cook"))

    with pytest.raises(IntegrityError, match="foreign key"):
        execute(batch)


def test_an_empty_batch_writes_nothing() -> None:
    with durable(), CaptureQueriesContext(connection) as queries:
        Batch().execute()

    assert len(queries) == 0


def test_a_batch_needs_a_transaction() -> None:
    batch = Batch()
    batch.insert(new_run())

    with pytest.raises(RuntimeError, match="must be called inside a transaction"):
        batch.execute()

    assert not SagaRun.objects.exists()


@pytest.mark.race
def test_of_many_that_move_the_same_row_one_wins(ada: User) -> None:
    def move() -> None:
        batch = Batch()
        batch.insert(new_run())
        batch.update(User.objects.filter(pk=ada.pk, token_epoch=0), token_epoch=F("token_epoch") + 1)
        execute(batch)

    results = at_once(*[move] * 8, refusals=StaleWrite)

    assert results.count(None) == 1
    assert [type(result) for result in results if result is not None] == [StaleWrite] * 7
    assert SagaRun.objects.count() == 1
    assert User.objects.get(pk=ada.pk).token_epoch == 1


# The outbox, with and without a batch ---------------------------------------------------------


@pytest.mark.parametrize("batched", [False, True])
def test_an_event_commits_with_its_change_and_then_wakes_the_relay(
    nudged: list[Nudge], batched: bool
) -> None:
    event, batch = ready(uuid4()), Batch()
    with durable():
        outbox.publish(event, seq=1, now=utc_now(), batch=batch if batched else None)
        batch.execute()
        assert nudged == []

    row = OutboxEvent.objects.get()
    assert (row.subject, row.key, row.seq, row.type) == (event.order_id, str(event.order_id), 1, "OrderReady")
    assert row.shard == outbox.shard_of(event.order_id)
    assert nudged == [("relay", {})]


@pytest.mark.parametrize("batched", [False, True])
def test_an_event_of_a_change_that_is_rolled_back_never_was(nudged: list[Nudge], batched: bool) -> None:
    @durable()
    def refuse_at_last() -> None:
        batch = Batch()
        outbox.publish(ready(uuid4()), seq=1, now=utc_now(), batch=batch if batched else None)
        batch.execute()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        refuse_at_last()

    assert not OutboxEvent.objects.exists()
    assert nudged == []


def test_a_savepoint_that_is_rolled_back_takes_its_event_and_wake_up_along(nudged: list[Nudge]) -> None:
    kept = uuid4()

    @transaction.atomic
    def refuse_at_last() -> None:
        outbox.publish(ready(uuid4()), seq=1, now=utc_now())
        raise ZeroDivisionError

    with durable():
        outbox.publish(ready(kept), seq=1, now=utc_now())
        with pytest.raises(ZeroDivisionError):
            refuse_at_last()

    assert [row.subject for row in OutboxEvent.objects.all()] == [kept]
    assert nudged == [("relay", {})]


# Upserts ----------------------------------------------------------------------------------------


def upsert(shard: RelayShard, when: Callable[[], Q] | None) -> Batch:
    """A run, and this lease over the one that the shard may have."""
    batch = Batch()
    batch.insert(new_run())
    batch.upsert(shard, overwrite=["token", "leased_until"], when=when)
    return batch


def over() -> Q:
    return Q(leased_until__lte=Now())


def test_an_upsert_inserts_a_missing_row() -> None:
    execute(upsert(RelayShard(shard=3, token=TOKEN), over))
    assert RelayShard.objects.get(shard=3).token == TOKEN


def test_an_upsert_overwrites_what_it_names_where_it_may() -> None:
    RelayShard.objects.create(shard=3, token=uuid4(), leased_until=Now() - timedelta(seconds=1))
    execute(upsert(RelayShard(shard=3, token=TOKEN, leased_until=Now()), over))
    assert RelayShard.objects.get(shard=3).token == TOKEN


def test_without_a_condition_it_always_overwrites() -> None:
    RelayShard.objects.create(shard=3, token=uuid4(), leased_until=Now() + timedelta(minutes=1))
    execute(upsert(RelayShard(shard=3, token=TOKEN), None))
    assert RelayShard.objects.get(shard=3).token == TOKEN


def test_an_upsert_that_came_too_soon_undoes_everything() -> None:
    before = RelayShard.objects.create(shard=3, token=uuid4(), leased_until=Now() + timedelta(minutes=1))

    with pytest.raises(NotOverwritten):
        execute(upsert(RelayShard(shard=3, token=TOKEN), over))

    assert RelayShard.objects.get(shard=3).token == before.token
    assert not SagaRun.objects.exists()


def test_the_condition_may_look_at_other_tables(ada: User) -> None:
    RelayShard.objects.create(shard=3, token=ada.pk)

    def renamed() -> Q:
        return Q(Exists(User.objects.filter(pk=OuterRef("token"), name="Ada L.")))

    with pytest.raises(NotOverwritten):
        execute(upsert(RelayShard(shard=3, token=TOKEN), renamed))

    User.objects.filter(pk=ada.pk).update(name="Ada L.")
    execute(upsert(RelayShard(shard=3, token=TOKEN), renamed))
    assert RelayShard.objects.get(shard=3).token == TOKEN


@pytest.mark.race
def test_of_many_upserts_at_once_one_comes_in_time() -> None:
    for _ in range(10):
        RelayShard.objects.all().delete()
        calls = [
            lambda: execute(upsert(RelayShard(shard=3, leased_until=Now() + timedelta(minutes=1)), over))
        ] * 6
        results = at_once(*calls, refusals=NotOverwritten)
        assert sorted(type(result).__name__ for result in results) == ["NoneType"] + ["NotOverwritten"] * 5
    assert SagaRun.objects.count() == 10
