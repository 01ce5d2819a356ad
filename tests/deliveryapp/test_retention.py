"""What is past its time goes, and no effect comes back to life by it (I2, I10, I11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F
from django.db.models.functions import Now

from config.settings import env
from deliveryapp import inbox, letters, redelivery, relay, retention, saga, tasks
from deliveryapp.models import DeadLetter, InboxEntry, OutboxEvent, SagaRun, SagaStep, User
from deliveryapp.purging import alone
from deliveryapp.transport import Wire
from tests.crowd import at_once
from tests.deliveryapp import toys
from tests.deliveryapp.toys import BROKEN, effects, written
from tests.worker import DirectTransport

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("subscribe")]


def days_pass(days: float) -> None:
    """Everything is that much older."""
    by = timedelta(days=days)
    OutboxEvent.objects.update(published_at=F("published_at") - by, occurred_at=F("occurred_at") - by)
    InboxEntry.objects.update(handled_at=F("handled_at") - by)
    DeadLetter.objects.update(created_at=F("created_at") - by, resolved_at=F("resolved_at") - by)
    SagaRun.objects.update(finished_at=F("finished_at") - by)


def happen(user: User, count: int = 3) -> None:
    first = OutboxEvent.objects.count() + 1
    OutboxEvent.objects.bulk_create(written(user.pk, seq) for seq in range(first, first + count))


def publish() -> None:
    while relay.publish_waiting(carrier=DirectTransport()):
        pass


def counts() -> tuple[int, int, int]:
    return OutboxEvent.objects.count(), InboxEntry.objects.count(), DeadLetter.objects.count()


def test_events_go_after_two_weeks_and_their_inbox_rows_after_a_month(ada: User) -> None:
    happen(ada)
    publish()

    for days, left in ((13.9, (3, 3, 0)), (0.2, (0, 3, 0)), (15.8, (0, 3, 0)), (0.2, (0, 0, 0))):
        days_pass(days)
        tasks.purge_events()
        assert counts() == left


def test_what_waits_is_parked_or_was_never_digested_stays(ada: User) -> None:
    happen(ada, 3)
    OutboxEvent.objects.filter(seq=1).update(parked_at=Now())
    OutboxEvent.objects.filter(seq=2).update(published_at=Now())  # and then lost
    days_pass(100)

    retention.purge()

    assert list(OutboxEvent.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3]


def bring_back_the_broker(ada: User) -> None:
    """The broker lost its memory: what the outbox still has and the inbox does not know goes out again."""
    redelivery.again(redelivery.undigested(since=None))
    publish()


def bring_back_by_hand(ada: User) -> None:
    redelivery.again(OutboxEvent.objects.filter(published_at__isnull=False))
    publish()


@pytest.mark.parametrize("come_back", [bring_back_the_broker, bring_back_by_hand])
@pytest.mark.parametrize("step_d", [0.5, 6, 13, 16, 29, 31, 40])
def test_whatever_comes_back_at_whatever_age_has_its_effect_once(
    ada: User, come_back: Callable[[User], None], step_d: float
) -> None:
    """Each coming back publishes it anew, so that the outbox outlives the month of the inbox row."""
    happen(ada)
    publish()

    for _ in range(6):
        days_pass(step_d)
        retention.purge()
        come_back(ada)

    assert effects(ada) == 3


def test_control_with_age_alone_an_effect_comes_back_to_life(
    ada: User, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    by_age = InboxEntry.objects.filter(handled_at__lt=Now() - timedelta(days=30))
    monkeypatch.setattr(retention, "old_inbox_rows", by_age.all)
    happen(ada)
    publish()

    for _ in range(6):
        days_pass(13)
        retention.purge()
        bring_back_by_hand(ada)

    assert effects(ada) == 9


def test_a_retry_of_an_open_letter_finds_the_inbox_row_of_another_delivery(ada: User) -> None:
    happen(ada, 1)
    publish()
    wire = relay.envelope_of(OutboxEvent.objects.get()).as_json()
    letters.note(handler="toy.count", wire=wire, reason="failed beside it", hopeless=False)
    days_pass(100)

    retention.purge()
    assert inbox.replay(DeadLetter.objects.get()) is True

    assert effects(ada) == 1


def broken(ada: User) -> Wire:
    toys.broken_with.append(RuntimeError("the soup is cold"))
    OutboxEvent.objects.bulk_create([written(ada.pk, 1, region=BROKEN)])
    publish()
    toys.broken_with.clear()
    return relay.envelope_of(OutboxEvent.objects.get()).as_json()


def test_letters_go_a_month_after_their_end_and_open_ones_stay(ada: User) -> None:
    broken(ada)
    days_pass(100)
    retention.purge()
    assert counts() == (0, 0, 1)

    inbox.replay(DeadLetter.objects.get())
    for days, left in ((29.9, 1), (0.2, 0)):
        days_pass(days)
        retention.purge()
        assert DeadLetter.objects.count() == left
    assert effects(ada) == 1


def test_a_discarded_event_does_not_come_back_when_its_letter_has_gone(ada: User) -> None:
    broken(ada)
    letters.discard(letter_id=DeadLetter.objects.get().pk, user_id=ada.pk, reason="nobody needs it")
    for _ in range(6):
        days_pass(13)
        retention.purge()
        bring_back_by_hand(ada)
        bring_back_the_broker(ada)

    assert effects(ada) == 0


def test_the_step_log_of_a_finished_saga_goes_and_its_run_stays(
    script: toys.Script, nudged: list[object]
) -> None:
    finished, waiting, in_review = toys.begin(), toys.begin("pack"), toys.begin("ring")
    saga.advance(finished.pk)
    script("pack", saga.Wait(timedelta(days=1000)))
    saga.advance(waiting.pk)
    script("ring", saga.Review("look"))
    saga.advance(in_review.pk)
    SagaRun.objects.filter(pk=waiting.pk).update(created_at=Now() - timedelta(days=1000))

    for days, left in ((89.9, {finished.pk, waiting.pk, in_review.pk}), (0.2, {waiting.pk, in_review.pk})):
        days_pass(days)
        retention.purge()
        assert set(SagaStep.objects.values_list("run_id", flat=True)) == left

    assert SagaRun.objects.count() == 3


def test_it_deletes_in_batches_and_goes_on_the_next_time(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "delete_in_batches", lambda rows: batch_of_two(rows))
    happen(ada, 5)
    publish()
    days_pass(20)

    left = []
    for _ in range(3):
        retention.purge()
        left.append(OutboxEvent.objects.count())

    assert left == [3, 1, 0]


def batch_of_two(rows: Any) -> int:
    from deliveryapp.purging import delete_in_batches

    return delete_in_batches(rows, size=2, budget_s=-1)


@pytest.mark.race
def test_two_beats_do_not_purge_at_the_same_time() -> None:
    with alone("events.purge") as mine:
        assert mine
        assert at_once(retention.purge) == [{}]
    assert retention.purge() == {"outbox": 0, "inbox": 0, "dead_letters": 0, "saga_steps": 0}


def test_the_inbox_cannot_be_told_to_forget_before_the_outbox(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    assert settings.INBOX_KEPT_D >= settings.OUTBOX_KEPT_D + 7
    monkeypatch.setenv("INBOX_KEPT_D", "20")

    with pytest.raises(ImproperlyConfigured, match="INBOX_KEPT_D must be at least 21"):
        env.number("INBOX_KEPT_D", 30, minimum=settings.OUTBOX_KEPT_D + 7)


def test_events_of_nobody_go_by_age_alone() -> None:
    OutboxEvent.objects.bulk_create([written(uuid4(), 1)])
    OutboxEvent.objects.update(type="OrderPlaced", published_at=Now() - timedelta(days=15))

    assert retention.purge()["outbox"] == 1
