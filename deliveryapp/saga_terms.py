"""The words of the saga engine (`deliveryapp/saga.py`): what a step answers, what a saga is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Done:
    """The step is finished; go on."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until woken; look again after `recheck` in any case, since an event can get lost."""

    recheck: timedelta


@dataclass(frozen=True, slots=True)
class Retry:
    """A temporary failure: try again with backoff, after `max_attempts` ask a person."""

    detail: str


@dataclass(frozen=True, slots=True)
class Abort:
    """The saga cannot succeed: compensate from here backwards."""

    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """A person must look; a later `wake` resumes the step."""

    reason: str


Outcome = Done | Wait | Retry | Abort | Review
Action = Callable[[UUID], Outcome]


@dataclass(frozen=True, slots=True)
class Step:
    """`action` and `compensation` get the subject's id, run outside transactions and open their own."""

    name: str
    action: Action
    compensation: Action | None = None
    max_attempts: int = 10


@dataclass(frozen=True, slots=True)
class Saga:
    name: str
    steps: tuple[Step, ...]
    give_up: Callable[[UUID, UUID, str], None] | None = None  # a person (2nd) ends the subject: why (3rd)

    def step(self, name: str) -> Step:
        return self.steps[self.index(name)]

    def index(self, name: str) -> int:
        return next(n for n, step in enumerate(self.steps) if step.name == name)


@dataclass(frozen=True, slots=True)
class Held:
    """A run whose present step this process may execute until the lease ends."""

    run_id: UUID
    saga: Saga
    subject_id: UUID
    step: Step
    compensating: bool
    attempts: int
    wakes: int
    token: UUID
    log_id: UUID


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an outcome means for the run. `pause` None: go on at once; otherwise let go of the lease."""

    step: str
    status: str
    attempts: int = 0
    pause: timedelta | None = None
    reason: str | None = None
