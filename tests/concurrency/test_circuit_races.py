"""Several processes at one circuit: a provider that may be back is tried by one of them at a time (R12)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deliveryapp.circuit import Circuit, Permit, Refusal, Rules, State
from tests.concurrency import trial_process
from tests.crowd import ROUNDS
from tests.live import poll

pytestmark = pytest.mark.race
ROOT = Path(__file__).resolve().parents[2]
RULES = Rules(window_s=60, min_calls=1, failure_share=0.5, open_s=0.001, longest_open_s=0.001, trial_s=60)
PROCESSES = 4
LEAD_S = 0.005


class Crowd:
    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self._processes = processes

    def try_at_once(self, name: str, *, guard: str = "guarded") -> list[str]:
        moment = time.monotonic() + LEAD_S
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{guard} {name} {moment}\n")
            process.stdin.flush()
        return [self._said(process) for process in self._processes]

    @staticmethod
    def _said(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()

    def await_all(self) -> None:
        assert [self._said(process) for process in self._processes] == ["ready"] * PROCESSES


@pytest.fixture(scope="module")
def crowd() -> Iterator[Crowd]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    argv = [sys.executable, "-m", trial_process.__name__]
    processes = [
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
        for _ in range(PROCESSES)
    ]
    crowd = Crowd(processes)
    crowd.await_all()
    yield crowd
    for process in processes:
        process.communicate()


def rested(name: str) -> Circuit:
    """A circuit that has opened, and whose rest is over."""
    circuit = Circuit(name, RULES)
    circuit.record(Permit(), ok=False)
    poll(lambda: circuit.status().state is State.HALF_OPEN, what="the rest to be over", timeout_s=5)
    return circuit


def test_one_of_them_tries(crowd: Crowd) -> None:
    for number in range(ROUNDS):
        circuit = rested(f"race-{number}")
        assert sorted(crowd.try_at_once(f"race-{number}")) == ["refused"] * (PROCESSES - 1) + ["through"]
        totals = circuit.status().totals
        assert (totals.trials, totals.refused) == (1, PROCESSES - 1)


def test_control_who_looks_first_and_takes_later_is_not_alone(crowd: Crowd) -> None:
    """The same moment without the script: everybody has looked before anybody has taken."""
    rested("control")
    assert crowd.try_at_once("control", guard="unguarded") == ["through"] * PROCESSES


def test_what_one_process_learns_the_others_know(crowd: Crowd) -> None:
    circuit = Circuit("shared", replace(RULES, open_s=60, longest_open_s=60))
    circuit.record(Permit(), ok=False)
    assert crowd.try_at_once("shared") == ["refused"] * PROCESSES


def test_closed_by_one_it_is_closed_for_all(crowd: Crowd) -> None:
    """And as long as the trial is out, the one who watches is refused too."""
    circuit = rested("closed")
    permit = circuit.admit()
    assert isinstance(permit, Permit)
    assert isinstance(circuit.admit(), Refusal)
    circuit.record(permit, ok=True)
    assert crowd.try_at_once("closed") == ["through"] * PROCESSES
