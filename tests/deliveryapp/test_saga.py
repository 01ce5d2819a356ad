"""The saga engine on a toy saga of three steps: cook, pack, ring (A5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models.functions import Now

from deliveryapp import saga, tasks
from deliveryapp.clock import utc_now
from deliveryapp.models import SagaRun
from deliveryapp.saga import Abort, Done, Outcome, Retry, Review, Wait
from deliveryapp.transactions import durable
from tests.deliveryapp.conftest import Nudge
from tests.deliveryapp.toys import Script, begin

pytestmark = pytest.mark.django_db(transaction=True)
Status = SagaRun.Status
SOON = timedelta(seconds=30)


def state(run: SagaRun) -> tuple[str, str, str]:
    run.refresh_from_db()
    return run.step, run.status, run.reason


def log(run: SagaRun) -> list[tuple[str, str, str]]:
    return list(run.log.order_by("id").values_list("step", "phase", "outcome"))


def make_due(run: SagaRun) -> None:
    SagaRun.objects.filter(pk=run.pk).update(due_at=Now() - timedelta(seconds=1))


def again(run: SagaRun) -> None:
    make_due(run)
    saga.advance(run.pk)


def wake(run: SagaRun) -> None:
    with durable():
        saga.wake(saga="toy", subject_id=run.subject_id)


def compensate(run: SagaRun, reason: str = "cancelled") -> None:
    with durable():
        saga.compensate(saga="toy", subject_id=run.subject_id, reason=reason)


def seconds_until_due(run: SagaRun) -> float:
    run.refresh_from_db()
    return (run.due_at - utc_now()).total_seconds()


def test_a_saga_runs_to_its_end(script: Script) -> None:
    run = begin()

    assert saga.sweep() == 1

    assert script.ran == ["cook", "pack", "ring"]
    assert state(run) == ("ring", Status.COMPLETED, "")
    assert (run.lease_token, run.leased_until) == (None, None)
    assert run.finished_at is not None
    assert log(run) == [(name, "action", "done") for name in ("cook", "pack", "ring")]
    assert saga.sweep() == 0


def test_a_waiting_run_rests_until_it_is_woken(script: Script, nudged: list[Nudge]) -> None:
    script("pack", Wait(SOON))
    run = begin()
    saga.sweep()
    assert state(run) == ("pack", Status.RUNNING, "")
    assert 28 < seconds_until_due(run) <= 30
    assert saga.sweep() == 0
    saga.advance(run.pk)  # a nudge too early
    assert script.ran == ["cook", "pack"]

    wake(run)

    assert nudged == [("saga.advance", {"run_id": str(run.pk)})]
    tasks.advance(**nudged[0][1])
    assert state(run) == ("ring", Status.COMPLETED, "")
    assert log(run).count(("pack", "action", "done")) == 1
    assert len(log(run)) == 3  # waiting again and again does not fill the log


def test_a_waiting_run_looks_again_by_itself(script: Script) -> None:
    script("pack", Wait(SOON))
    run = begin()
    saga.sweep()
    make_due(run)

    tasks.sweep_sagas()

    assert state(run) == ("ring", Status.COMPLETED, "")


def test_a_wake_while_the_step_runs_is_not_lost(script: Script, nudged: list[Nudge]) -> None:
    def sees_nothing_yet(subject_id: UUID) -> Outcome:
        wake(run)  # what it waits for happens right after it looked
        return Wait(SOON)

    script("cook", sees_nothing_yet)
    run = begin()

    saga.advance(run.pk)

    assert seconds_until_due(run) <= 0
    assert nudged[-1] == ("saga.advance", {"run_id": str(run.pk)})
    saga.advance(run.pk)
    assert state(run) == ("ring", Status.COMPLETED, "")


@pytest.mark.parametrize("outcome", [Review("nobody there"), Retry("no answer")])
def test_a_wake_while_the_last_try_runs_prevents_the_review(script: Script, outcome: Outcome) -> None:
    def gives_up(subject_id: UUID) -> Outcome:
        wake(run)
        return outcome

    script("cook", gives_up)
    run = begin()
    SagaRun.objects.update(attempts=2)

    saga.advance(run.pk)

    assert state(run) == ("cook", Status.RUNNING, "")
    assert run.attempts == 0
    saga.advance(run.pk)
    assert state(run) == ("ring", Status.COMPLETED, "")


def test_a_failing_step_is_retried_with_backoff_then_a_person_must_look(script: Script) -> None:
    def explodes(subject_id: UUID) -> Outcome:
        raise RuntimeError("nul \x00 in the oven")

    script("cook", Retry("oven cold"), explodes, Retry("oven cold"))
    run = begin()
    saga.advance(run.pk)
    assert (run.attempts, state(run)) == (0, ("cook", Status.RUNNING, ""))
    assert 0 < seconds_until_due(run) <= 1
    again(run)
    assert 1 < seconds_until_due(run) <= 2
    again(run)

    assert state(run) == ("cook", Status.MANUAL_REVIEW, "cook: oven cold")
    assert (run.lease_token, run.leased_until) == (None, None)
    details = list(run.log.order_by("id").values_list("outcome", "attempt", "detail"))
    assert details == [
        ("retry", 0, "oven cold"),
        ("retry", 1, "RuntimeError: nul  in the oven"),
        ("retry", 2, "oven cold"),
    ]
    assert saga.sweep() == 0


def test_a_run_in_review_is_resumed_by_a_wake(script: Script) -> None:
    script("pack", Review("no box"))
    run = begin()
    saga.advance(run.pk)
    assert state(run) == ("pack", Status.MANUAL_REVIEW, "no box")
    assert run.finished_at is not None

    wake(run)
    assert state(run)[1] == Status.RUNNING
    assert run.finished_at is None
    saga.advance(run.pk)

    assert state(run)[:2] == ("ring", Status.COMPLETED)
    assert script.ran == ["cook", "pack", "pack", "ring"]


def test_an_abort_compensates_backwards_from_where_it_happened(script: Script) -> None:
    script("ring", Abort("nobody opens"))
    run = begin()

    saga.advance(run.pk)

    assert script.ran == ["cook", "pack", "ring", "unpack", "throw away"]
    assert state(run) == ("cook", Status.COMPENSATED, "nobody opens")
    assert log(run) == [
        ("cook", "action", "done"),
        ("pack", "action", "done"),
        ("ring", "action", "aborted"),
        ("ring", "compensation", "done"),
        ("pack", "compensation", "done"),
        ("cook", "compensation", "done"),
    ]


def test_an_abort_of_the_first_step_undoes_that_step_too(script: Script) -> None:
    script("cook", Abort("burnt"))
    run = begin()

    saga.advance(run.pk)

    assert script.ran == ["cook", "throw away"]
    assert state(run) == ("cook", Status.COMPENSATED, "burnt")


def test_a_compensation_that_fails_is_retried_then_reviewed_and_goes_on_backwards(script: Script) -> None:
    script("ring", Abort("nobody opens"))
    script("unpack", *[Retry("glued")] * 3)
    run = begin()
    saga.advance(run.pk)
    assert (state(run), run.attempts) == (("pack", Status.COMPENSATING, "nobody opens"), 1)
    again(run)
    again(run)
    assert state(run) == ("pack", Status.MANUAL_REVIEW, "pack: glued")

    wake(run)
    assert state(run)[:2] == ("pack", Status.COMPENSATING)
    saga.advance(run.pk)

    assert state(run)[:2] == ("cook", Status.COMPENSATED)
    assert script.ran == ["cook", "pack", "ring", *["unpack"] * 4, "throw away"]


def test_a_compensation_that_cannot_succeed_needs_a_person(script: Script) -> None:
    script("cook", Abort("burnt"))
    script("throw away", Abort("the bin is full"))
    run = begin()

    saga.advance(run.pk)

    assert state(run) == ("cook", Status.MANUAL_REVIEW, "the bin is full")


def test_the_command_to_compensate_ends_a_wait(script: Script) -> None:
    script("pack", Wait(SOON))
    run = begin()
    saga.advance(run.pk)

    compensate(run)
    saga.sweep()

    assert state(run) == ("cook", Status.COMPENSATED, "cancelled")
    assert script.ran == ["cook", "pack", "unpack", "throw away"]


@pytest.mark.parametrize("outcome", [Done(), Wait(SOON), Retry("x"), Abort("burnt"), Review("x")])
def test_a_command_to_compensate_overtakes_the_step_that_runs(script: Script, outcome: Outcome) -> None:
    def cancelled_meanwhile(subject_id: UUID) -> Outcome:
        compensate(run)
        return outcome

    script("pack", cancelled_meanwhile)
    run = begin()

    saga.advance(run.pk)

    assert script.ran == ["cook", "pack", "unpack", "throw away"]
    assert state(run) == ("cook", Status.COMPENSATED, "cancelled")


def test_a_finished_run_ignores_commands(script: Script) -> None:
    run = begin()
    saga.advance(run.pk)

    compensate(run)
    wake(run)
    saga.advance(run.pk)

    assert state(run) == ("ring", Status.COMPLETED, "")
    assert script.ran == ["cook", "pack", "ring"]


def test_a_run_in_review_can_be_compensated(script: Script) -> None:
    script("pack", Review("no box"))
    run = begin()
    saga.advance(run.pk)

    compensate(run, "support gave up")
    saga.advance(run.pk)

    assert state(run) == ("cook", Status.COMPENSATED, "support gave up")


def test_a_subject_without_a_run_is_nobodys_business(script: Script, nudged: list[Nudge]) -> None:
    with durable():
        saga.wake(saga="toy", subject_id=uuid4())
        saga.compensate(saga="toy", subject_id=uuid4(), reason="x")

    assert nudged == []


@pytest.mark.parametrize("command", ["wake", "compensate"])
def test_commands_share_the_transaction_of_what_they_tell(script: Script, command: str) -> None:
    arguments: dict[str, Any] = {"reason": "x"} if command == "compensate" else {}
    with pytest.raises(RuntimeError, match="must be called inside a transaction"):
        getattr(saga, command)(saga="toy", subject_id=uuid4(), **arguments)


def test_a_step_of_newer_code_is_left_alone_and_holds_up_nobody(script: Script) -> None:
    newer, run = begin(step="fly"), begin()
    SagaRun.objects.filter(pk=newer.pk).update(due_at=Now() - SOON)

    assert saga.sweep() == 2

    assert state(run)[1] == Status.COMPLETED
    assert state(newer) == ("fly", Status.RUNNING, "")
    assert newer.leased_until is None
    assert 295 < seconds_until_due(newer) <= 300
    assert not newer.log.exists()
