"""A small durable saga engine.

A saga is a list of steps; a run of it belongs to one subject (an order). The row says where the run stands,
the log says what was begun before it was begun. Workers only execute: a sweep claims what is due or was
abandoned by a crash, under a lease by the database's clock, so a lost message costs latency and never a run.
A step may run again after a crash and must be idempotent; a compensation too.

Commands that decide a subject's fate (confirm, cancel, time out) change the subject under its own lock and
then `wake` or `compensate` its run in the same transaction; the steps read what was decided.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from functools import cache
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from deliveryapp import nudges
from deliveryapp.batch import Batch
from deliveryapp.errors import reason_of
from deliveryapp.failpoints import failpoint
from deliveryapp.ids import new_id
from deliveryapp.models import SagaRun, SagaStep
from deliveryapp.saga_terms import Abort, Done, Held, Outcome, Retry, Review, Saga, Step, Verdict, Wait
from deliveryapp.transactions import require_transaction

# The words of the engine are had from here; everything below is too.
__all__ = ["Abort", "Done", "Held", "Outcome", "Retry", "Review", "Saga", "Step", "Verdict", "Wait"]
log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
MAX_PAUSE = timedelta(minutes=5)
NUDGED_ALONE = 3
HANDFUL = 10  # executed one after the other by one worker
Status = SagaRun.Status


@cache
def sagas() -> dict[str, Saga]:
    found: list[Saga] = [import_string(path) for path in settings.SAGAS]
    return {saga.name: saga for saga in found}


# Commands -----------------------------------------------------------------------------------


def new_run(*, saga: str, subject_id: UUID, step: str) -> tuple[SagaRun, SagaStep]:
    """Unsaved rows of a run whose first step the caller executes himself under the lease."""
    run = SagaRun(saga=saga, subject_id=subject_id, step=step, lease_token=new_id())
    run.due_at = Now()
    run.leased_until = Now() + LEASE
    return run, SagaStep(run=run, step=step)


def hand_over(
    batch: Batch, run: SagaRun, step: SagaStep, *, next_step: str = "", compensate_because: str = ""
) -> None:
    """Record in the batch how the caller's step ended and let the workers take the run from there.

    Neither argument: the step goes on waiting and is looked at again soon.
    """
    settled = bool(next_step or compensate_because)
    batch.update(
        SagaRun.objects.filter(pk=run.pk, lease_token=run.lease_token, status=Status.RUNNING),
        step=next_step or run.step,
        status=Status.COMPENSATING if compensate_because else Status.RUNNING,
        reason=compensate_because[:200],
        due_at=Now() if settled else Now() + timedelta(seconds=2),
        lease_token=None,
        leased_until=None,
    )
    outcome = SagaStep.Outcome.DONE if settled else SagaStep.Outcome.WAITING
    batch.update(SagaStep.objects.filter(pk=step.pk), outcome=outcome, finished_at=Now())


def let_go(run: SagaRun) -> None:
    """Give the caller's step back undone: whoever advances the run next finds out how things stand."""
    mine = SagaRun.objects.filter(pk=run.pk, lease_token=run.lease_token)
    mine.update(lease_token=None, leased_until=None, due_at=Now())


def wake(*, saga: str, subject_id: UUID) -> None:
    """Something happened that the run may be waiting for; also resumes a run in review, in its direction."""
    wake_all(saga=saga, subject_ids=[subject_id])


def wake_all(*, saga: str, subject_ids: Collection[UUID]) -> None:
    """`wake` for many, in the order of their ids, so that two who wake the same runs do not deadlock."""
    require_transaction()
    runs = SagaRun.objects.filter(saga=saga, subject_id__in=subject_ids, status__in=SagaRun.OPEN)
    locked = list(runs.order_by("pk").select_for_update(no_key=True).values_list("pk", "status"))
    if in_review := [pk for pk, status in locked if status == Status.MANUAL_REVIEW]:
        _resume(in_review)
    run_ids = [pk for pk, _ in locked]
    SagaRun.objects.filter(pk__in=run_ids).update(due_at=Now(), wakes=F("wakes") + 1)
    transaction.on_commit(lambda: nudge(*run_ids), robust=True)


def _resume(run_ids: Collection[UUID]) -> None:
    undoing = Exists(SagaStep.objects.filter(run=OuterRef("pk"), phase=SagaStep.Phase.COMPENSATION))
    direction = Case(When(undoing, then=Value(Status.COMPENSATING)), default=Value(Status.RUNNING))
    SagaRun.objects.filter(pk__in=run_ids).update(status=direction, attempts=0, finished_at=None)


def compensate(*, saga: str, subject_id: UUID, reason: str) -> None:
    """Undo what was done so far; a step that is being executed finishes first."""
    require_transaction()
    live = SagaRun.objects.filter(
        saga=saga, subject_id=subject_id, status__in=[Status.RUNNING, Status.MANUAL_REVIEW]
    )
    live.update(
        status=Status.COMPENSATING,
        reason=reason[:200],
        attempts=0,
        due_at=Now(),
        wakes=F("wakes") + 1,
        finished_at=None,
    )
    _nudge_on_commit(saga, subject_id)


def _nudge_on_commit(saga: str, subject_id: UUID) -> None:
    run_id = SagaRun.objects.filter(saga=saga, subject_id=subject_id).values_list("pk", flat=True).first()
    if run_id is not None:
        transaction.on_commit(lambda: nudge(run_id), robust=True)


def nudge(*run_ids: UUID) -> None:
    """Ask the workers to execute these now: a few each by itself, many in handfuls."""
    if len(run_ids) <= NUDGED_ALONE:
        for run_id in run_ids:
            nudges.nudge("saga.advance", run_id=str(run_id))
        return
    names = [str(run_id) for run_id in run_ids]
    for start in range(0, len(names), HANDFUL):
        nudges.tell("saga.advance_all", run_ids=names[start : start + HANDFUL])


# Execution ----------------------------------------------------------------------------------


def sweep(*, limit: int = 100) -> int:
    """Execute what is due; returns how many runs were looked at."""
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    due = SagaRun.objects.filter(free, status__in=SagaRun.LIVE, due_at__lte=Now())
    run_ids = list(due.order_by("due_at").values_list("pk", flat=True)[:limit])
    for run_id in run_ids:
        advance(run_id)
    return len(run_ids)


def advance(run_id: UUID) -> None:
    """Execute steps of the run until it waits, ends, or somebody else holds it."""
    held = _claim(run_id)
    while held is not None:
        held = _record(held, _execute(held))
        failpoint("saga.recorded")


def _claim(run_id: UUID) -> Held | None:
    token = new_id()
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    with transaction.atomic():
        due = SagaRun.objects.filter(free, pk=run_id, status__in=SagaRun.LIVE, due_at__lte=Now())
        if not due.update(lease_token=token, leased_until=Now() + LEASE):
            return None
        run = SagaRun.objects.get(pk=run_id)
        if _is_known(run):
            return _begin(run)
        log.error("saga_step_unknown", run_id=str(run_id), saga=run.saga, step=run.step)
        run.lease_token, run.leased_until, run.due_at = None, None, Now() + MAX_PAUSE
        run.save(update_fields=["lease_token", "leased_until", "due_at"])
        return None


def _is_known(run: SagaRun) -> bool:
    """False for a step of newer code while a deployment is under way: its workers will take it."""
    return run.saga in sagas() and run.step in {step.name for step in sagas()[run.saga].steps}


def _begin(run: SagaRun) -> Held:
    """Write ahead that the run's present step begins; the step's earlier, waiting row is used again."""
    saga = sagas()[run.saga]
    compensating = run.status == Status.COMPENSATING
    phase = SagaStep.Phase.COMPENSATION if compensating else SagaStep.Phase.ACTION
    waiting = SagaStep.objects.filter(
        run=run, step=run.step, phase=phase, outcome=SagaStep.Outcome.WAITING
    ).first()
    if waiting is None:
        waiting = SagaStep.objects.create(run=run, step=run.step, phase=phase, attempt=run.attempts)
    else:
        SagaStep.objects.filter(pk=waiting.pk).update(outcome=SagaStep.Outcome.STARTED)
    assert run.lease_token is not None
    return Held(
        run_id=run.pk,
        saga=saga,
        subject_id=run.subject_id,
        step=saga.step(run.step),
        compensating=compensating,
        attempts=run.attempts,
        wakes=run.wakes,
        token=run.lease_token,
        log_id=waiting.pk,
    )


def _execute(held: Held) -> Outcome:
    action = held.step.compensation if held.compensating else held.step.action
    if action is None:
        return Done()
    phase = "undo" if held.compensating else "do"
    failpoint("saga", held.step.name, phase, "before")
    try:
        outcome = action(held.subject_id)
        failpoint("saga", held.step.name, phase, "after")
        return outcome
    except Exception as error:
        log.exception("saga_step_failed", step=held.step.name, subject_id=str(held.subject_id))
        return Retry(reason_of(error, limit=300))


def _record(held: Held, outcome: Outcome) -> Held | None:
    """Write what came of the step; returns the next step to execute, None when the run rests."""
    with transaction.atomic():
        run = (
            SagaRun.objects.select_for_update(no_key=True)
            .filter(pk=held.run_id, lease_token=held.token)
            .first()
        )
        if run is None:
            log.warning("saga_overslept", run_id=str(held.run_id), step=held.step.name)
            return None
        woken = run.wakes != held.wakes
        verdict = judge(held, outcome, overtaken=run.status != _status(held), woken=woken)
        _close_log(held, outcome)
        _apply(run, verdict, woken=woken)
        return _begin(run) if verdict.pause is None and run.status in SagaRun.LIVE else None


def _status(held: Held) -> str:
    return Status.COMPENSATING if held.compensating else Status.RUNNING


def judge(held: Held, outcome: Outcome, *, overtaken: bool = False, woken: bool = False) -> Verdict:
    """Pure: the consequence of an outcome. While the step ran, a command began compensation (`overtaken`) or
    something happened that the step may not have seen (`woken`), so that it looks again before it rests.
    """
    here = Verdict(step=held.step.name, status=_status(held))
    if overtaken:
        return replace(here, status=Status.COMPENSATING)
    match outcome:
        case Done():
            return _next(held)
        case Abort(reason) if not held.compensating:
            return replace(here, status=Status.COMPENSATING, reason=reason)
        case Wait() | Abort() | Review() if woken:
            return replace(here, pause=timedelta(0))
        case Wait(recheck):
            return replace(here, pause=recheck)
        case Abort(reason) | Review(reason):
            return replace(here, status=Status.MANUAL_REVIEW, reason=reason, pause=timedelta(0))
        case Retry(detail):
            return _retry(held, here, detail, woken=woken)


def _next(held: Held) -> Verdict:
    index = held.saga.index(held.step.name) + (-1 if held.compensating else 1)
    if index < 0:
        return Verdict(step=held.step.name, status=Status.COMPENSATED)
    if index == len(held.saga.steps):
        return Verdict(step=held.step.name, status=Status.COMPLETED)
    return Verdict(step=held.saga.steps[index].name, status=_status(held))


def _retry(held: Held, here: Verdict, detail: str, *, woken: bool) -> Verdict:
    attempts = held.attempts + 1
    if attempts < held.step.max_attempts:
        pause = min(timedelta(seconds=0.5) * 2 ** min(attempts, 10), MAX_PAUSE)
        return replace(here, attempts=attempts, pause=pause)
    if woken:
        return replace(here, pause=timedelta(0))
    reason = f"{held.step.name}: {detail}"
    return replace(here, status=Status.MANUAL_REVIEW, reason=reason, pause=timedelta(0))


def _apply(run: SagaRun, verdict: Verdict, *, woken: bool) -> None:
    run.step, run.status, run.attempts = verdict.step, verdict.status, verdict.attempts
    changes: dict[str, object] = {"step": run.step, "status": run.status, "attempts": run.attempts}
    if verdict.reason is not None:
        changes["reason"] = verdict.reason[:200]
    if run.status not in SagaRun.LIVE:
        changes |= {"finished_at": Now(), "lease_token": None, "leased_until": None}
    elif verdict.pause is None:
        changes["leased_until"] = Now() + LEASE
    else:
        changes |= {"due_at": Now() + verdict.pause, "lease_token": None, "leased_until": None}
        if woken:
            transaction.on_commit(lambda: nudge(run.pk), robust=True)
    if run.status == Status.MANUAL_REVIEW:
        log.error("saga_needs_review", subject_id=str(run.subject_id), step=run.step, reason=verdict.reason)
    SagaRun.objects.filter(pk=run.pk).update(**changes)


_LOGGED = {
    Done: SagaStep.Outcome.DONE,
    Wait: SagaStep.Outcome.WAITING,
    Retry: SagaStep.Outcome.RETRY,
    Abort: SagaStep.Outcome.ABORTED,
    Review: SagaStep.Outcome.ABANDONED,
}


def _close_log(held: Held, outcome: Outcome) -> None:
    detail = getattr(outcome, "reason", "") or getattr(outcome, "detail", "")
    SagaStep.objects.filter(pk=held.log_id).update(
        outcome=_LOGGED[type(outcome)], detail=detail[:300], finished_at=Now()
    )
