"""An effect that is one transaction, behind the client's key (R5; DESIGN 11)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from deliveryapp.clock import utc_now
from deliveryapp.errors import Conflict
from deliveryapp.idempotency import (
    Answer,
    IdempotencyKeyReused,
    RequestInFlight,
    fingerprint,
    forget_old,
    once,
)
from deliveryapp.models import IdempotencyRecord, User
from deliveryapp.purging import delete_in_batches
from deliveryapp.transactions import require_transaction
from tests.crowd import at_once
from tests.deliveryapp.toys import effects

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def tick(user: User) -> Answer:
    """The effect is a number in the database, one higher each time; the answer tells it."""
    require_transaction()
    User.objects.filter(pk=user.pk).update(token_epoch=F("token_epoch") + 1)
    return Answer(201, {"count": effects(user), "user": user.pk, "at": NOON})


def ask(
    user: User, key: str | None = "k", asked: object = "more", effect: Callable[[], Answer] | None = None
):
    return once(
        user_id=user.pk,
        key=key,
        operation="tick",
        asked=asked,
        effect=effect or (lambda: tick(user)),
        now=utc_now(),
    )


@pytest.mark.django_db
def test_a_repetition_has_no_effect_and_gets_the_very_same_answer(ada: User) -> None:
    first, again = ask(ada), ask(ada)

    assert first == Answer(201, {"count": 1, "user": str(ada.pk), "at": "2026-05-01T12:00:00Z"})
    assert again == Answer(201, first.body, replayed=True)
    assert effects(ada) == 1


@pytest.mark.django_db
def test_without_a_key_it_happens_each_time_and_nothing_is_kept(ada: User) -> None:
    assert [ask(ada, key=None).body["count"] for _ in range(3)] == [1, 2, 3]
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db
def test_keys_belong_to_one_user_and_one_request(ada: User, bo: User) -> None:
    ask(ada)
    assert ask(bo).body["count"] == 1
    assert ask(ada, key="other").body["count"] == 2
    with pytest.raises(IdempotencyKeyReused):
        ask(ada, asked="less")
    assert (effects(ada), effects(bo)) == (2, 1)


@pytest.mark.django_db
def test_a_refusal_undoes_everything_and_leaves_the_key_unused(ada: User) -> None:
    def refuse() -> Answer:
        tick(ada)
        raise Conflict("not today")

    with pytest.raises(Conflict, match="not today"):
        ask(ada, effect=refuse)

    assert (effects(ada), IdempotencyRecord.objects.count()) == (0, 0)
    assert ask(ada).body["count"] == 1


@pytest.mark.django_db
def test_a_breach_of_another_constraint_is_not_taken_for_a_repetition(ada: User) -> None:
    def break_something() -> Answer:
        User.objects.create(email=ada.email)
        raise AssertionError("unreachable")

    with pytest.raises(IntegrityError):
        ask(ada, effect=break_something)


@pytest.mark.django_db(transaction=True)
def test_effect_and_answer_are_one_commit(ada: User) -> None:
    with CaptureQueriesContext(connection) as captured:
        ask(ada)
    statements = [row["sql"].split()[0] for row in captured.captured_queries]
    assert statements == ["BEGIN", "SELECT", "SELECT", "UPDATE", "SELECT", "INSERT", "COMMIT"]


@pytest.mark.django_db(transaction=True)
def test_an_effect_cannot_commit_on_its_own(ada: User) -> None:
    def durable() -> Answer:
        with transaction.atomic(durable=True):
            return tick(ada)

    with pytest.raises(RuntimeError, match="durable"):
        ask(ada, effect=durable)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_who_comes_while_the_first_is_running_is_told_so_at_once(ada: User) -> None:
    inside, told = threading.Event(), threading.Event()

    def slow() -> Answer:
        inside.set()
        assert told.wait(20)
        return tick(ada)

    def second() -> object:
        assert inside.wait(20)
        try:
            return ask(ada)
        except RequestInFlight as refusal:
            return refusal
        finally:
            told.set()

    first, refusal = at_once(lambda: ask(ada, effect=slow), second)

    assert first.body["count"] == 1
    assert isinstance(refusal, RequestInFlight)
    assert (refusal.code, refusal.status, refusal.extra) == ("request_in_flight", 409, {"retry_after_s": 1})
    assert ask(ada).replayed


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["with the lock", "control: without it the constraint still holds"])
def test_many_at_once_have_one_effect(ada: User, monkeypatch: pytest.MonkeyPatch, turn: str) -> None:
    if turn != "with the lock":
        monkeypatch.setattr("deliveryapp.idempotency._take_turn", lambda *_: None)

    for number in range(1, 11):
        results = at_once(*[lambda key=f"k{number}": ask(ada, key)] * 4)

        done = [result for result in results if isinstance(result, Answer)]
        assert {answer.body["count"] for answer in done} == {number}
        assert [answer.replayed for answer in done].count(False) == 1
        assert {type(result) for result in results} <= {Answer, RequestInFlight}
        assert effects(ada) == number


@pytest.fixture
def no_unique_key(ada: User):
    """The guard is away: two records may have the same key."""
    [constraint] = IdempotencyRecord._meta.constraints
    with connection.schema_editor() as editor:
        editor.remove_constraint(IdempotencyRecord, constraint)
    yield
    IdempotencyRecord.objects.all().delete()
    with connection.schema_editor() as editor:
        editor.add_constraint(IdempotencyRecord, constraint)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_unique_key")
def test_control_without_lock_and_constraint_it_happens_twice(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_looked = threading.Barrier(2)

    def look(**_: object) -> None:
        both_have_looked.wait(20)

    monkeypatch.setattr("deliveryapp.idempotency._take_turn", lambda *_: None)
    monkeypatch.setattr("deliveryapp.idempotency.find", look)
    at_once(*[lambda: ask(ada)] * 2)

    assert effects(ada) == 2


def keep(user: User, key: str, *, age: timedelta) -> None:
    IdempotencyRecord.objects.create(
        user=user, key=key, request_hash=fingerprint("tick", key), created_at=Now() - age
    )


@pytest.mark.django_db
def test_old_records_go_in_batches_and_what_is_left_goes_next_time(ada: User) -> None:
    for number in range(7):
        keep(ada, f"old {number}", age=timedelta(hours=25))
    keep(ada, "young", age=timedelta(hours=23))
    old = IdempotencyRecord.objects.filter(key__startswith="old")

    assert delete_in_batches(old, size=3, budget_s=0) == 3
    with CaptureQueriesContext(connection) as captured:
        assert delete_in_batches(old, size=3) == 4
    assert len(captured.captured_queries) == 2
    keep(ada, "old", age=timedelta(hours=24, seconds=1))
    assert forget_old() == 1
    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["young"]


def test_the_schedule_forgets() -> None:
    from config.celery import app

    assert app.conf.beat_schedule["idempotency.forget"]["task"] == "idempotency.forget"
