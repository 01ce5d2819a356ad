"""What a person may do with a saga's run: let it go on, or give it up."""

from uuid import UUID

from deliveryapp import saga
from deliveryapp.errors import Conflict
from deliveryapp.models import SagaRun
from deliveryapp.transactions import durable

Status = SagaRun.Status
ENDED = (Status.COMPLETED, Status.COMPENSATED)


class SagaEnded(Conflict):
    """There is nothing left to do or undo; `saga_status` says how it ended."""

    code, title = "saga_ended", "The saga has come to its end"


class SagaIsUndone(Conflict):
    """It goes backwards already; resuming is all that helps."""

    code, title = "saga_is_undone", "The saga is being compensated already"


def resume(*, run_id: UUID) -> None:
    """Look again now, whatever it waits for, in its direction. Raises SagaEnded."""
    run = SagaRun.objects.get(pk=run_id)
    _require_open(run)
    with durable():
        saga.wake(saga=run.saga, subject_id=run.subject_id)


def give_up(*, run_id: UUID, user_id: UUID, reason: str) -> None:
    """Undo what was done so far. Raises SagaEnded, SagaIsUndone, and what the saga's own ending raises."""
    run = SagaRun.objects.get(pk=run_id)
    _require_open(run)
    if run.status == Status.COMPENSATING or run.log.filter(phase="compensation").exists():
        raise SagaIsUndone
    end = saga.sagas()[run.saga].give_up
    if end is not None:
        end(run.subject_id, user_id, reason)
        return
    with durable():
        saga.compensate(saga=run.saga, subject_id=run.subject_id, reason=reason)


def _require_open(run: SagaRun) -> None:
    if run.status in ENDED:
        raise SagaEnded(f"It is {run.status}.", saga_status=run.status)
