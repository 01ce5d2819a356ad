"""Dead letters by the thousand, from two workers at once, with content that no jsonb takes (F13, F14)."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now

from deliveryapp import inbox, letters
from deliveryapp.ids import new_id
from deliveryapp.models import DeadLetter, InboxEntry, User
from tests.crowd import at_once
from tests.deliveryapp import toys
from tests.deliveryapp.toys import BROKEN, Killed, effects, wire

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("subscribe")]
State = DeadLetter.State


def handle(*envelopes: dict[str, Any], suspect: bool = False) -> None:
    inbox.handle(handler="toy.count", envelopes=envelopes, suspect=suspect)


def make_due() -> None:
    DeadLetter.objects.update(next_try_at=Now() - timedelta(seconds=1))


def pile_up(handler: str, count: int, *, ago: timedelta, state: str = State.RETRYING) -> None:
    """So many letters of a handler that is no more, due since then."""
    DeadLetter.objects.bulk_create(
        DeadLetter(
            handler=handler,
            event_id=new_id(),
            envelope={},
            error="",
            state=state,
            next_try_at=Now() - ago,
        )
        for _ in range(count)
    )


def test_ten_thousand_letters_of_one_handler_do_not_hold_up_the_one_of_another(ada: User) -> None:
    pile_up("toy.gone", 10_000, ago=timedelta(hours=1))
    letters.note(handler="toy.count", wire=wire(ada.pk), reason="", hopeless=False)
    DeadLetter.objects.filter(handler="toy.count").update(next_try_at=Now())

    assert inbox.retry_due(limit=2) == 1

    assert effects(ada) == 1
    assert DeadLetter.objects.get(handler="toy.count").state == State.DONE


def test_the_due_are_found_without_reading_those_at_rest() -> None:
    for state in (State.DONE, State.DEAD):
        pile_up("toy.count", 3_000, ago=timedelta(hours=1), state=state)
    pile_up("toy.count", 5, ago=timedelta(hours=1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE deliveryapp_deadletter")
        sql, params = letters.due(limit=10).query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(row for (row,) in cursor.fetchall())

    assert "dead_letter_due" in plan
    assert "Seq Scan" not in plan


def test_retries_end_when_their_time_is_over(ada: User) -> None:
    pile_up("toy.gone", 3, ago=timedelta(hours=1))

    assert inbox.retry_due(budget_s=-1) == 0

    assert set(DeadLetter.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.race
def test_two_workers_that_fail_over_the_same_event_count_both_failures(ada: User) -> None:
    toys.broken_with.append(RuntimeError("the soup is cold"))
    events = [wire(uuid4(), region=BROKEN) for _ in range(5)]

    at_once(*[lambda: handle(*events)] * 2)

    assert list(DeadLetter.objects.values_list("attempts", flat=True)) == [2] * 5


@pytest.mark.race
def test_two_rounds_of_retries_try_each_letter_once(ada: User) -> None:
    toys.broken_with.append(RuntimeError("the soup is cold"))
    handle(*(wire(uuid4(), region=BROKEN) for _ in range(5)))
    make_due()

    at_once(*[inbox.retry_due] * 2)

    assert list(DeadLetter.objects.values_list("attempts", flat=True)) == [2] * 5


def test_a_retry_that_kills_its_process_is_dead_after_some_deaths(ada: User) -> None:
    toys.broken_with.append(RuntimeError("the soup is cold"))
    handle(wire(ada.pk, 1, region=BROKEN), wire(uuid4(), 1, region=BROKEN))
    toys.broken_with[:] = [Killed()]
    for _ in range(letters.MAX_DEATHS * 2):
        make_due()
        with pytest.raises(Killed):
            inbox.retry_due()

    make_due()
    assert inbox.retry_due() == 0

    assert list(DeadLetter.objects.values_list("state", "error")) == [(State.DEAD, letters.DEATH)] * 2


def test_an_orderly_failure_forgets_the_deaths_before_it(ada: User) -> None:
    """A worker that was stopped hard in the middle of a batch says nothing about the event."""
    toys.broken_with.append(Killed())
    event = wire(ada.pk, region=BROKEN)
    for _ in range(letters.MAX_DEATHS):
        with pytest.raises(Killed):
            handle(event, suspect=True)
    toys.broken_with[:] = [RuntimeError("the soup is cold")]

    handle(event, suspect=True)
    assert DeadLetter.objects.get().state == State.DEAD  # the fourth beginning is refused

    DeadLetter.objects.update(state=State.RETRYING, deaths=1)
    make_due()
    inbox.retry_due()
    letter = DeadLetter.objects.get()
    assert (letter.state, letter.deaths, letter.error) == (
        State.RETRYING,
        0,
        "RuntimeError: the soup is cold",
    )


def test_those_behind_an_event_that_kills_wait_for_one_death_only(ada: User) -> None:
    toys.broken_with.append(Killed())
    batch = [wire(ada.pk, 1, region=BROKEN), *(wire(ada.pk, seq) for seq in range(2, 12))]
    for _ in range(2):
        with pytest.raises(Killed):
            handle(*batch, suspect=True)

    assert effects(ada) == 10


@pytest.mark.parametrize("state", [State.DEAD, State.DISCARDED])
def test_another_delivery_does_not_wake_what_is_at_rest(ada: User, state: str) -> None:
    event = wire(ada.pk, 1)
    letters.note(handler="toy.count", wire=event, reason="poison", hopeless=True)
    DeadLetter.objects.update(state=state, resolved_reason="nobody needs it")

    handle(event, wire(ada.pk, 2))
    handle(event, suspect=True)

    assert effects(ada) == 1
    assert (DeadLetter.objects.get().state, DeadLetter.objects.get().attempts) == (state, 1)
    assert InboxEntry.objects.count() == 1


@pytest.mark.parametrize(
    "region",
    ["nul \x00", "half \ud800 of a pair", "🍲", "x" * 5_000_000, {"deep": [1, None, True, 1.5, 2**70]}],
    ids=["nul", "surrogate", "emoji", "huge", "nested"],
)
def test_what_the_envelope_holds_is_kept_as_it_came_and_does_not_hold_up_the_others(
    ada: User, region: object
) -> None:
    strange = wire(ada.pk, 1) | {"type": "OrderTeleported"}
    strange["data"]["region"] = region

    handle(strange, wire(ada.pk, 2))

    letter = DeadLetter.objects.get()
    assert (letter.state, letter.envelope) == (State.DEAD, strange)
    assert effects(ada) == 1


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_json_is_kept_as_a_text_that_says_so(ada: User, value: float) -> None:
    handle(wire(ada.pk, 1) | {"type": "OrderTeleported", "data": {"region": value}}, wire(ada.pk, 2))

    [text] = DeadLetter.objects.get().envelope.values()
    assert "OrderTeleported" in text
    assert effects(ada) == 1


@pytest.mark.parametrize("garbage", [None, 7, "text", [], {"id": 5}, {"id": None}])
def test_what_is_no_object_is_kept_once(ada: User, garbage: Any) -> None:
    handle(garbage, wire(ada.pk, 1))
    handle(garbage)

    letter = DeadLetter.objects.get()
    assert (letter.state, letter.attempts, letter.envelope) == (State.DEAD, 2, garbage)
    assert effects(ada) == 1


class TestDiscarding:
    def letter(self) -> UUID:
        letters.note(handler="toy.count", wire=wire(uuid4()), reason="poison", hopeless=True)
        return DeadLetter.objects.get().pk

    def test_who_when_and_why_are_kept(self, ada: User) -> None:
        letters.discard(letter_id=self.letter(), user_id=ada.pk, reason="  told the kitchen ")

        letter = DeadLetter.objects.get()
        assert (letter.state, letter.resolved_by, letter.resolved_reason) == (
            State.DISCARDED,
            ada,
            "told the kitchen",
        )
        assert letter.resolved_at is not None

    @pytest.mark.parametrize("reason", ["", "  "])
    def test_it_needs_a_reason(self, ada: User, reason: str) -> None:
        with pytest.raises(letters.ReasonMissing):
            letters.discard(letter_id=self.letter(), user_id=ada.pk, reason=reason)

        assert DeadLetter.objects.get().state == State.DEAD

    @pytest.mark.race
    def test_of_two_at_once_one_is_told_that_he_was_late(self, ada: User) -> None:
        letter_id = self.letter()

        def discard() -> str:
            try:
                letters.discard(letter_id=letter_id, user_id=ada.pk, reason="why")
            except letters.AlreadyResolved as error:
                return error.detail
            return "done"

        assert sorted(at_once(discard, discard)) == ["It is discarded already.", "done"]
