"""A saga whose first step is executed by the request that began it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from deliveryapp import saga
from deliveryapp.batch import Batch, StaleWrite
from deliveryapp.models import SagaRun, SagaStep
from deliveryapp.transactions import durable
from tests.deliveryapp.test_saga import compensate, state
from tests.deliveryapp.toys import Script

pytestmark = pytest.mark.django_db(transaction=True)
Status = SagaRun.Status


def begun(script: Script) -> tuple[SagaRun, SagaStep]:
    run, step = saga.new_run(saga="toy", subject_id=uuid4(), step="cook")
    batch = Batch()
    batch.insert(run, step)
    with durable():
        batch.execute()
    return run, step


def test_nobody_takes_the_step_that_the_caller_executes(script: Script) -> None:
    run, _ = begun(script)

    assert saga.sweep() == 0
    saga.advance(run.pk)

    assert script.ran == []
    saga.let_go(run)
    saga.advance(run.pk)
    assert script.ran == ["cook", "pack", "ring"]


@pytest.mark.parametrize(
    ("arguments", "ran", "end"),
    [
        ({"next_step": "pack"}, ["pack", "ring"], ("ring", Status.COMPLETED, "")),
        ({"compensate_because": "burnt"}, ["throw away"], ("cook", Status.COMPENSATED, "burnt")),
        ({}, [], ("cook", Status.RUNNING, "")),
    ],
)
def test_the_caller_hands_over(
    script: Script, arguments: dict[str, str], ran: list[str], end: tuple[str, str, str]
) -> None:
    run, step = begun(script)
    batch = Batch()

    with durable():
        saga.hand_over(batch, run, step, **arguments)
        batch.execute()
    saga.sweep()

    assert script.ran == ran
    assert state(run) == end


def test_a_caller_that_was_overtaken_hands_nothing_over(script: Script) -> None:
    run, step = begun(script)
    compensate(run)
    batch = Batch()

    saga.hand_over(batch, run, step, next_step="pack")

    with pytest.raises(StaleWrite), durable():
        batch.execute()

    assert state(run) == ("cook", Status.COMPENSATING, "cancelled")
