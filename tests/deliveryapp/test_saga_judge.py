"""The consequence of each outcome as one table."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from deliveryapp.models import SagaRun
from deliveryapp.saga import MAX_PAUSE, Abort, Done, Held, Outcome, Retry, Review, Verdict, Wait, judge
from tests.deliveryapp.toys import TOY

RUNNING, BACK = SagaRun.Status.RUNNING, SagaRun.Status.COMPENSATING
REVIEW, NOW = SagaRun.Status.MANUAL_REVIEW, timedelta(0)
NOBODY = UUID(int=0)


def held(step: str, *, back: bool = False, attempts: int = 0) -> Held:
    return Held(
        run_id=NOBODY,
        saga=TOY,
        subject_id=NOBODY,
        step=TOY.step(step),
        compensating=back,
        attempts=attempts,
        wakes=0,
        token=NOBODY,
        log_id=NOBODY,
    )


MINUTE = timedelta(minutes=1)
TABLE = [
    # forwards
    (held("cook"), Done(), Verdict("pack", RUNNING)),
    (held("cook", attempts=2), Done(), Verdict("pack", RUNNING)),
    (held("ring"), Done(), Verdict("ring", SagaRun.Status.COMPLETED)),
    (held("cook"), Wait(MINUTE), Verdict("cook", RUNNING, pause=MINUTE)),
    (held("cook", attempts=2), Wait(MINUTE), Verdict("cook", RUNNING, pause=MINUTE)),
    (held("pack"), Abort("x"), Verdict("pack", BACK, reason="x")),
    (held("pack"), Review("x"), Verdict("pack", REVIEW, pause=NOW, reason="x")),
    (held("pack"), Retry("x"), Verdict("pack", RUNNING, attempts=1, pause=timedelta(seconds=1))),
    (held("pack", attempts=1), Retry("x"), Verdict("pack", RUNNING, attempts=2, pause=timedelta(seconds=2))),
    (held("pack", attempts=2), Retry("x"), Verdict("pack", REVIEW, pause=NOW, reason="pack: x")),
    # backwards
    (held("pack", back=True), Done(), Verdict("cook", BACK)),
    (held("cook", back=True), Done(), Verdict("cook", SagaRun.Status.COMPENSATED)),
    (held("cook", back=True), Wait(MINUTE), Verdict("cook", BACK, pause=MINUTE)),
    (held("cook", back=True), Abort("x"), Verdict("cook", REVIEW, pause=NOW, reason="x")),
    (held("cook", back=True), Review("x"), Verdict("cook", REVIEW, pause=NOW, reason="x")),
    (held("cook", back=True), Retry("x"), Verdict("cook", BACK, attempts=1, pause=timedelta(seconds=1))),
    (held("cook", back=True, attempts=2), Retry("x"), Verdict("cook", REVIEW, pause=NOW, reason="cook: x")),
]


@pytest.mark.parametrize(("run", "outcome", "verdict"), TABLE)
def test_an_outcome_has_this_consequence(run: Held, outcome: Outcome, verdict: Verdict) -> None:
    assert judge(run, outcome) == verdict


@pytest.mark.parametrize("outcome", [Done(), Wait(MINUTE), Retry("x"), Abort("x"), Review("x")])
def test_whoever_was_overtaken_by_a_command_turns_back_here(outcome: Outcome) -> None:
    for attempts in (0, 2):
        run = held("pack", attempts=attempts)
        assert judge(run, outcome, overtaken=True) == Verdict("pack", BACK)
        assert judge(run, outcome, overtaken=True, woken=True) == Verdict("pack", BACK)


@pytest.mark.parametrize("back", [False, True])
def test_whoever_was_woken_looks_again_before_he_rests(back: bool) -> None:
    here = Verdict("pack", BACK if back else RUNNING, pause=NOW)
    for outcome in (Wait(MINUTE), Review("x")):
        assert judge(held("pack", back=back), outcome, woken=True) == here
    assert judge(held("pack", back=back, attempts=2), Retry("x"), woken=True) == here


def test_being_woken_changes_neither_an_end_nor_a_backoff() -> None:
    for outcome in (Done(), Abort("x"), Retry("x")):
        assert judge(held("pack"), outcome, woken=True) == judge(held("pack"), outcome)


def test_the_pause_between_tries_is_bounded_however_many_there_are() -> None:
    patient = held("pack", attempts=5_000)
    object.__setattr__(patient, "step", type(patient.step)("pack", lambda _: Done(), max_attempts=10_000))

    verdict = judge(patient, Retry("x"))

    assert (verdict.attempts, verdict.pause) == (5_001, MAX_PAUSE)
