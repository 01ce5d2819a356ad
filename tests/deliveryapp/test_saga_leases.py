"""Crashes, two workers at once, and workers that come back too late (F2, C3)."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models.functions import Now

from deliveryapp import saga
from deliveryapp.models import SagaRun
from deliveryapp.saga import Abort, Done, Outcome
from tests.crowd import at_once
from tests.deliveryapp.toys import Killed, Script, begin

pytestmark = pytest.mark.django_db(transaction=True)
Status = SagaRun.Status


def end_lease(run: SagaRun) -> None:
    SagaRun.objects.filter(pk=run.pk).update(leased_until=Now() - timedelta(seconds=1))


def dies(subject_id: UUID) -> Outcome:
    raise Killed


@pytest.mark.parametrize("step", ["cook", "pack", "ring"])
def test_a_step_during_which_the_process_died_runs_again_when_the_lease_ends(
    script: Script, step: str
) -> None:
    script(step, dies)
    run = begin()
    with pytest.raises(Killed):
        saga.sweep()
    assert run.log.get(step=step).outcome == "started"
    assert saga.sweep() == 0

    end_lease(run)
    assert saga.sweep() == 1

    run.refresh_from_db()
    assert run.status == Status.COMPLETED
    assert script.ran.count(step) == 2
    assert list(run.log.filter(step=step).order_by("id").values_list("outcome")) == [("started",), ("done",)]
    assert all(script.ran.count(other) == 1 for other in {"cook", "pack", "ring"} - {step})


def test_a_compensation_during_which_the_process_died_runs_again(script: Script) -> None:
    script("ring", Abort("nobody opens"))
    script("unpack", dies)
    run = begin()
    with pytest.raises(Killed):
        saga.sweep()

    end_lease(run)
    saga.sweep()

    run.refresh_from_db()
    assert (run.status, run.reason) == (Status.COMPENSATED, "nobody opens")
    assert script.ran == ["cook", "pack", "ring", "unpack", "unpack", "throw away"]


@pytest.mark.race
def test_many_workers_at_once_execute_each_step_once(script: Script) -> None:
    runs = [begin() for _ in range(5)]

    at_once(*[saga.sweep] * 4)

    assert sorted(script.ran) == sorted(["cook", "pack", "ring"] * 5)
    assert set(SagaRun.objects.values_list("status", flat=True)) == {Status.COMPLETED}
    assert {run.log.count() for run in runs} == {3}


@pytest.mark.race
def test_control_without_the_lease_two_workers_execute_the_same_step(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_are_in = threading.Barrier(2)

    def cooks(subject_id: UUID) -> Outcome:
        both_are_in.wait(20)
        return Done()

    def claim_anyway(run_id: UUID) -> Any:
        run = SagaRun.objects.get(pk=run_id)
        run.lease_token = saga.new_id()
        run.save(update_fields=["lease_token"])
        return saga._begin(run)

    script("cook", cooks, cooks)
    run = begin()
    monkeypatch.setattr(saga, "_claim", claim_anyway)
    at_once(*[lambda: saga.advance(run.pk)] * 2)

    assert script.ran.count("cook") == 2


def test_a_worker_that_finishes_too_late_changes_nothing(script: Script) -> None:
    def sleeps_past_its_lease(subject_id: UUID) -> Outcome:
        end_lease(run)
        saga.advance(run.pk)  # another worker takes over and completes the run
        return Abort("too late")

    script("cook", sleeps_past_its_lease)
    run = begin()

    saga.advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.reason) == (Status.COMPLETED, "")
    assert script.ran == ["cook", "cook", "pack", "ring"]
    assert list(run.log.order_by("id").values_list("step", "outcome")) == [
        ("cook", "started"),
        ("cook", "done"),
        ("pack", "done"),
        ("ring", "done"),
    ]


def test_a_slow_worker_whom_nobody_replaced_may_still_finish(script: Script) -> None:
    def slow(subject_id: UUID) -> Outcome:
        end_lease(run)
        return Done()

    script("cook", slow)
    run = begin()

    saga.advance(run.pk)

    run.refresh_from_db()
    assert run.status == Status.COMPLETED
