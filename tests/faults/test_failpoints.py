"""A failpoint kills once, at its turn, and the sweep forgets none."""

from __future__ import annotations

import ast
import itertools
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deliveryapp import failpoints
from deliveryapp.failpoints import arm, failpoint, is_spent
from orders.saga import ORDER_SAGA
from payments.models import PaymentOperation
from tests.architecture.test_sources import FILES, calls, name_of
from tests.config.test_settings import PRODUCTION, python
from tests.faults.points import ASKED_ELSEWHERE, POINTS, quick_points


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    failpoints.enable(tmp_path)
    yield tmp_path
    failpoints.enable(None)


def end_of(life: Callable[[], object]) -> int:
    """The signal that ended a process of that life, 0 for none."""
    pid = os.fork()
    if pid == 0:
        life()
        os._exit(0)
    return os.WTERMSIG(os.waitpid(pid, 0)[1])


def test_the_nth_who_comes_by_dies_and_nobody_after_him(directory: Path) -> None:
    arm(directory, "relay.after_send", hit=3)

    deaths = [end_of(lambda: failpoint("relay.after_send")) for _ in range(5)]

    assert deaths == [0, 0, signal.SIGKILL, 0, 0]
    assert is_spent(directory, "relay.after_send")


def test_hits_of_one_process_count_like_those_of_several(directory: Path) -> None:
    arm(directory, "saga.recorded", hit=2)
    assert end_of(lambda: [failpoint("saga", "recorded") for _ in range(2)]) == signal.SIGKILL


def test_other_points_are_passed(directory: Path) -> None:
    arm(directory, "relay.after_send", hit=1)
    assert end_of(lambda: failpoint("relay.after_mark")) == 0
    assert not is_spent(directory, "relay.after_send")


def test_nothing_happens_where_nobody_asked_for_it(tmp_path: Path) -> None:
    arm(tmp_path, "relay.after_send", hit=1)
    assert end_of(lambda: failpoint("relay.after_send")) == 0
    assert not is_spent(tmp_path, "relay.after_send")


def test_production_refuses_them() -> None:
    ended = python("import config.settings.prod", **PRODUCTION, FAILPOINTS="/tmp")
    assert ended.returncode == 1
    assert "ImproperlyConfigured: FAILPOINTS kills processes" in ended.stderr


# What stands for a part of a name that the source does not spell out.
PARTS = {
    "held.step.name": [step.name for step in ORDER_SAGA.steps],
    "operation.kind": [kind for kind in PaymentOperation.Kind.values if kind not in ASKED_ELSEWHERE],
    "phase": ["do", "undo"],
}
NEVER = {
    f"saga.{step.name}.undo.{when}"
    for step in ORDER_SAGA.steps
    if step.compensation is None
    for when in ("before", "after")
}


def in_source() -> Iterator[str]:
    for path in FILES:
        for call in calls(ast.parse(path.read_text())):
            if name_of(call) == "failpoint":
                yield from named_by(call)


def named_by(call: ast.Call) -> Iterator[str]:
    parts = [
        [part.value] if isinstance(part, ast.Constant) else PARTS[ast.unparse(part)] for part in call.args
    ]
    return (".".join(map(str, name)) for name in itertools.product(*parts))


def test_the_sweep_knows_every_point_and_no_other() -> None:
    names = [point.name for point in POINTS]
    assert len(names) == len(set(names))
    assert set(names) == set(in_source()) - NEVER
    assert len(names) >= 25


def test_the_control_a_point_that_is_not_in_the_list_is_seen() -> None:
    [call] = calls(ast.parse('failpoint("payments", operation.kind, "elsewhere")'))
    assert "payments.void.elsewhere" in set(named_by(call)) - {point.name for point in POINTS}


def test_points_say_where_they_are_in_words_of_the_source() -> None:
    assert all(re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", point.name) for point in POINTS)
    assert {point.after for point in POINTS} - {""} <= {point.name for point in POINTS}
    assert 10 <= len(list(quick_points())) <= 12
