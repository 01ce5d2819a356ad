"""Exactly-once effects, retries from the database and dead letters (A2 16, F13, F14, I11)."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from deliveryapp import inbox, letters, tasks
from deliveryapp.clock import utc_now
from deliveryapp.models import DeadLetter, InboxEntry, User
from tests.crowd import at_once
from tests.deliveryapp import toys
from tests.deliveryapp.conftest import Queue
from tests.deliveryapp.toys import BROKEN, Killed, effects, wire

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("subscribe")]
State = DeadLetter.State


def break_handlers(error: Exception | None = None) -> None:
    toys.broken_with.append(error or RuntimeError("the soup is cold"))


def make_due() -> None:
    DeadLetter.objects.update(next_try_at=Now() - timedelta(seconds=1))


def handle(*envelopes: dict[str, Any], handler: str = "toy.count") -> None:
    tasks.handle(handler=handler, envelopes=list(envelopes))


@pytest.mark.race
def test_duplicates_in_parallel_threads_have_one_effect_each(ada: User) -> None:
    envelopes = [wire(ada.pk, seq) for seq in range(1, 11)]

    assert at_once(*[lambda: handle(*envelopes)] * 4) == [None] * 4

    assert effects(ada) == 10
    assert InboxEntry.objects.count() == 10
    assert not DeadLetter.objects.exists()


@pytest.mark.race
def test_control_without_the_inbox_row_duplicates_have_effects(ada: User, subscribe: Any) -> None:
    subscribe("WITH_PUSH")
    envelopes = [wire(ada.pk, seq) for seq in range(1, 11)]

    at_once(*[lambda: handle(*envelopes, handler="toy.push")] * 4)

    assert effects(ada) == 40


def test_two_handlers_digest_the_same_event_each_for_itself(ada: User, subscribe: Any) -> None:
    subscribe("WITH_PUSH")
    event = wire(ada.pk)

    handle(event)
    handle(event, handler="toy.push")

    assert effects(ada) == 2
    assert list(InboxEntry.objects.values_list("handler")) == [("toy.count",)]


def test_a_handler_that_fails_leaves_nothing_behind_and_holds_up_nobody(ada: User) -> None:
    break_handlers()
    poison = wire(ada.pk, 2, region=BROKEN)

    handle(wire(ada.pk, 1), poison, wire(ada.pk, 3))

    assert effects(ada) == 2  # the failed one's effect was rolled back
    letter = DeadLetter.objects.get()
    assert (letter.handler, str(letter.event_id), letter.state, letter.attempts) == (
        "toy.count",
        poison["id"],
        State.RETRYING,
        1,
    )
    assert letter.error == "RuntimeError: the soup is cold"
    assert letter.envelope == poison


def test_a_failing_event_is_retried_with_growing_pauses_until_it_is_dead(ada: User) -> None:
    break_handlers()
    handle(wire(ada.pk, region=BROKEN))
    pauses = []

    for _ in range(2, letters.MAX_ATTEMPTS + 1):
        assert inbox.retry_due() == 0
        make_due()
        before = utc_now()
        assert inbox.retry_due() == 0
        letter = DeadLetter.objects.get()
        pauses.append(round((letter.next_try_at - before).total_seconds()))
        if letter.state == State.DEAD:
            break

    assert (letter.attempts, letter.state) == (letters.MAX_ATTEMPTS, State.DEAD)
    assert pauses == [2, 4, 8, 16, 32, 64, 128]
    toys.broken_with.clear()
    make_due()
    assert inbox.retry_due() == 0  # the dead are not tried again by themselves
    assert effects(ada) == 0


def test_a_retry_that_works_ends_the_letter(ada: User) -> None:
    break_handlers()
    event = wire(ada.pk, region=BROKEN)
    handle(event)
    toys.broken_with.clear()
    make_due()

    tasks.retry_events()

    assert DeadLetter.objects.get().state == State.DONE
    handle(event)
    assert effects(ada) == 1


def test_a_dead_letter_can_be_replayed_once_the_handler_is_repaired(ada: User) -> None:
    break_handlers()
    handle(wire(ada.pk, region=BROKEN))
    DeadLetter.objects.update(state=State.DEAD, attempts=8)

    assert inbox.replay(DeadLetter.objects.get()) is False
    assert (DeadLetter.objects.get().state, DeadLetter.objects.get().attempts) == (State.DEAD, 9)
    toys.broken_with.clear()
    assert inbox.replay(DeadLetter.objects.get()) is True
    assert inbox.replay(DeadLetter.objects.get()) is True  # again: the inbox knows it

    assert DeadLetter.objects.get().state == State.DONE
    assert effects(ada) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "OrderTeleported"}, "UnknownEvent: OrderTeleported version 1"),
        ({"dataversion": 2}, "UnknownEvent: OrderReady version 2"),
        ({"data": {"order_id": 5}}, "UnknownEvent: OrderReady version 1: "),
        ({"data": []}, "UnknownEvent: OrderReady version 1: "),
    ],
)
def test_what_nobody_can_read_is_dead_at_once(ada: User, changes: dict[str, Any], reason: str) -> None:
    handle(wire(ada.pk, 1) | changes, wire(ada.pk, 2))

    letter = DeadLetter.objects.get()
    assert letter.state == State.DEAD
    assert letter.error.startswith(reason)
    assert effects(ada) == 1


@pytest.mark.parametrize("missing", ["id", "seq", "time", "data", "traceid"])
def test_what_is_no_envelope_is_kept_once_for_a_person(ada: User, missing: str) -> None:
    torn = wire(ada.pk, 1)
    del torn[missing]

    handle(torn, wire(ada.pk, 2))
    handle(torn)

    letter = DeadLetter.objects.get()
    assert (letter.state, letter.attempts, letter.envelope) == (State.DEAD, 2, torn)
    assert letter.error == f"UnknownEvent: no envelope: KeyError('{missing}')"
    assert effects(ada) == 1


def test_events_of_a_handler_that_is_no_more_are_kept(ada: User) -> None:
    event = wire(ada.pk)

    handle(event, handler="toy.renamed")

    letter = DeadLetter.objects.get()
    assert (letter.state, letter.error) == (State.DEAD, "UnknownHandler: toy.renamed")
    assert letter.envelope == event


def test_an_error_whose_text_no_database_takes_becomes_a_letter_all_the_same(
    ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL + 1, logger="deliveryapp.inbox")  # xdist cannot carry surrogates
    break_handlers(RuntimeError("nul \x00 and surrogate \ud800"))

    handle(wire(ada.pk, 1, region=BROKEN), wire(ada.pk, 2))

    assert DeadLetter.objects.get().error == "RuntimeError: nul  and surrogate ?"
    assert effects(ada) == 1


def test_a_push_handler_runs_outside_transactions_and_may_see_an_event_twice(
    ada: User, subscribe: Any
) -> None:
    subscribe("WITH_PUSH")
    event = wire(ada.pk)

    handle(event, event, handler="toy.push")  # it refuses to run inside a transaction

    assert effects(ada) == 2
    assert not InboxEntry.objects.exists()
    assert not DeadLetter.objects.exists()


def test_what_there_is_no_time_for_goes_on_as_a_new_message(
    ada: User, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "HANDLE_BUDGET_S", -1.0)
    events = [wire(ada.pk, 1), wire(ada.pk, 2)]

    handle(*events)

    assert queue("toys") == [("events.handle", {"handler": "toy.count", "envelopes": events})]
    assert effects(ada) == 0


def test_events_survive_a_database_that_is_away_for_a_moment(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay has marked them as published: the task must ask for its message again."""
    keep, failures = inbox._keep, [OperationalError("the server closed the connection")]
    break_handlers()

    def away(*args: Any, **kwargs: Any) -> None:
        if failures:
            raise failures.pop()
        keep(*args, **kwargs)

    monkeypatch.setattr(inbox, "_keep", away)
    tasks.handle.apply(
        kwargs={"handler": "toy.count", "envelopes": [wire(ada.pk, 1, region=BROKEN), wire(ada.pk, 2)]}
    ).get()

    assert DeadLetter.objects.get().attempts == 1
    assert effects(ada) == 1


def test_a_discarded_letter_stays_discarded(ada: User) -> None:
    break_handlers()
    event = wire(ada.pk, region=BROKEN)
    handle(event)
    DeadLetter.objects.update(state=State.DISCARDED, resolved_reason="nobody needs it")
    toys.broken_with.clear()

    handle(event)

    assert effects(ada) == 0

    assert DeadLetter.objects.get().state == State.DISCARDED


def test_retries_walk_the_longest_waiting_first_and_respect_the_limit(ada: User) -> None:
    break_handlers()
    handle(*(wire(uuid4(), 1, region=BROKEN) for _ in range(3)))
    toys.broken_with.clear()
    make_due()
    first = DeadLetter.objects.order_by("id").first()
    assert first is not None
    DeadLetter.objects.filter(pk=first.pk).update(next_try_at=Now() - timedelta(minutes=1))

    assert inbox.retry_due(limit=1) == 1

    assert DeadLetter.objects.get(state=State.DONE).pk == first.pk


# Batches ------------------------------------------------------------------------------------


def test_a_batch_is_one_commit(ada: User, django_assert_num_queries: Any) -> None:
    """Savepoint, inbox rows, the handlers' updates, and the end of it."""
    events = [wire(ada.pk, seq) for seq in range(1, 21)]

    with django_assert_num_queries(23):
        handle(*events)

    assert effects(ada) == 20
    assert InboxEntry.objects.values("handled_at").distinct().count() == 1


def test_a_batched_handler_gets_only_what_it_has_not_digested_each_once(ada: User, subscribe: Any) -> None:
    subscribe("BATCHED")
    first, second, third = (wire(ada.pk, seq) for seq in (1, 2, 3))
    handle(first, handler="toy.batched")

    handle(first, second, second, third, handler="toy.batched")
    handle(third, handler="toy.batched")

    assert toys.batches == [[1], [2, 3]]
    assert effects(ada) == 3


def test_when_a_batch_fails_only_the_bad_event_is_kept(ada: User, subscribe: Any) -> None:
    subscribe("BATCHED")
    break_handlers()

    handle(wire(ada.pk, 1), wire(ada.pk, 2, region=BROKEN), wire(ada.pk, 3), handler="toy.batched")

    assert toys.batches == [[1, 2, 3], [1], [2], [3]]
    assert effects(ada) == 2
    assert DeadLetter.objects.get().envelope["seq"] == 2


# Events that kill ---------------------------------------------------------------------------


def handle_again(*envelopes: dict[str, Any]) -> None:
    """The broker gives the message back whose worker died."""
    inbox.handle(handler="toy.count", envelopes=envelopes, suspect=True)


def test_an_event_that_kills_its_process_is_dead_after_some_deaths_and_holds_up_nobody(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer, calm = wire(ada.pk, 1, region=BROKEN), wire(ada.pk, 2)
    break_handlers(Killed())
    with pytest.raises(Killed):
        handle(killer, calm)

    for _ in range(letters.MAX_DEATHS):
        with pytest.raises(Killed):
            handle_again(killer, calm)
    handle_again(killer, calm)
    handle_again(killer, calm)

    letter = DeadLetter.objects.get(event_id=killer["id"])
    assert (letter.state, letter.error) == (State.DEAD, "the process that handled it died")
    assert effects(ada) == 1
    assert DeadLetter.objects.get(event_id=calm["id"]).state == State.DONE


def test_a_suspect_is_not_tried_by_the_retries_meanwhile(ada: User) -> None:
    break_handlers(Killed())
    with pytest.raises(Killed):
        handle_again(wire(ada.pk, 1, region=BROKEN))

    assert inbox.retry_due() == 0


def test_a_message_that_comes_again_is_suspect(ada: User) -> None:
    event = wire(ada.pk, 1)
    tasks.handle.apply(kwargs={"handler": "toy.count", "envelopes": [event]}).get()
    assert not DeadLetter.objects.exists()
    other = wire(ada.pk, 2)

    tasks.handle.push_request(delivery_info={"redelivered": True})
    tasks.handle.run(handler="toy.count", envelopes=[event, other])
    tasks.handle.pop_request()

    assert effects(ada) == 2
    assert DeadLetter.objects.get().event_id == UUID(other["id"])
    assert DeadLetter.objects.get().state == State.DONE
