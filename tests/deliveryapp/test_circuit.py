"""The circuit breaker: when it opens, whom it tries, and that it never stands in anybody's way (R10, R12).

Its memory is in Redis, or within the process while Redis is away: both must keep the same rules.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
import pytest
import redis

from deliveryapp.circuit import Circuit, Permit, Refusal, Rules, State, breaker
from deliveryapp.redis import client, hasty_client, key
from tests.live import poll

RULES = Rules(window_s=60, min_calls=4, failure_share=0.5, open_s=60, longest_open_s=600, trial_s=60)
SOON = replace(RULES, open_s=0.05, longest_open_s=0.05)
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@pytest.fixture
def redis_away(settings: Any) -> Iterator[None]:
    settings.REDIS_URL = NOBODY_LISTENS
    hasty_client.cache_clear()
    yield
    hasty_client.cache_clear()


@pytest.fixture(params=["shared", "alone"])
def memory(request: pytest.FixtureRequest) -> str:
    if request.param == "alone":
        request.getfixturevalue("redis_away")
    return str(request.param)


def go(circuit: Circuit, *outcomes: bool) -> None:
    """So many calls, each let through, and how they went."""
    for ok in outcomes:
        permit = circuit.admit()
        assert isinstance(permit, Permit), permit
        circuit.record(permit, ok=ok)


def opened(rules: Rules = RULES, name: str = "kitchen") -> Circuit:
    circuit = Circuit(name, rules)
    go(circuit, *[False] * rules.min_calls)
    return circuit


def trial_of(circuit: Circuit) -> Permit:
    """Once its rest is over."""
    poll(lambda: not circuit.status().retry_after_s, what="the rest to be over", timeout_s=5)
    permit = circuit.admit()
    assert isinstance(permit, Permit)
    assert permit.trial
    return permit


def changes(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    told = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [event for event in told if event["event"] == "circuit_changed"]


@pytest.mark.usefixtures("memory")
class TestTheRules:
    def test_closed_it_lets_everybody_through(self) -> None:
        circuit = Circuit("kitchen", RULES)
        assert [circuit.admit(), circuit.admit(trial=False)] == [Permit(), Permit()]
        status = circuit.status()
        assert (status.name, status.state, status.retry_after_s) == ("kitchen", State.CLOSED, 0)

    def test_it_opens_when_too_many_fail(self) -> None:
        circuit = Circuit("kitchen", RULES)
        go(circuit, True, True, False)
        assert circuit.status().state is State.CLOSED
        go(circuit, False)
        assert circuit.status().state is State.OPEN

    def test_not_for_a_few_calls(self) -> None:
        circuit = Circuit("kitchen", RULES)
        go(circuit, False, False, False)
        assert circuit.status().state is State.CLOSED
        assert (circuit.status().recent_calls, circuit.status().recent_failures) == (3, 3)

    def test_not_for_a_small_share(self) -> None:
        circuit = Circuit("kitchen", RULES)
        go(circuit, True, True, True, *[False, True] * 20)
        assert circuit.status().state is State.CLOSED
        assert (circuit.status().recent_calls, circuit.status().recent_failures) == (43, 20)

    def test_a_success_never_opens_it(self) -> None:
        """It might come when old successes have just left the window."""
        circuit = Circuit("kitchen", replace(RULES, failure_share=0.01))
        go(circuit, False, False, False, True)
        assert circuit.status().state is State.CLOSED

    def test_what_is_older_than_the_window_does_not_count(self) -> None:
        circuit = Circuit("kitchen", replace(RULES, window_s=0.3))
        go(circuit, False, False, False)
        poll(lambda: not circuit.status().recent_calls, what="the window to pass", timeout_s=5)
        go(circuit, False)
        status = circuit.status()
        assert (status.state, status.recent_calls, status.totals.failures) == (State.CLOSED, 1, 4)

    def test_open_it_lets_nobody_through(self) -> None:
        circuit = opened()
        for trial in (True, False):
            refused = circuit.admit(trial=trial)
            assert isinstance(refused, Refusal)
            assert 47 <= refused.retry_after_s <= 72

    def test_rests_differ(self) -> None:
        rests = {opened(name=f"kitchen-{n}").status().retry_after_s // 0.5 for n in range(8)}
        assert len(rests) > 1

    def test_after_the_rest_one_is_tried(self) -> None:
        circuit = opened(SOON)
        trial_of(circuit)
        refused = circuit.admit()
        assert isinstance(refused, Refusal)
        assert 0 < refused.retry_after_s <= RULES.trial_s
        assert circuit.status().state is State.HALF_OPEN

    def test_who_wants_no_trial_gets_none(self) -> None:
        circuit = opened(SOON)
        poll(lambda: circuit.admit(trial=False) == Refusal(0), what="the rest to be over", timeout_s=5)
        assert circuit.status().state is State.HALF_OPEN
        assert circuit.status().totals.trials == 0

    def test_a_trial_that_succeeds_closes_it(self) -> None:
        circuit = opened(SOON)
        circuit.record(trial_of(circuit), ok=True)
        assert circuit.admit() == Permit()
        status = circuit.status()
        assert (status.state, status.recent_calls) == (State.CLOSED, 0)
        go(circuit, False, False, False)
        assert circuit.status().state is State.CLOSED

    def test_a_trial_that_fails_opens_it_for_twice_as_long(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        circuit = opened(replace(SOON, longest_open_s=0.3))
        for _ in range(4):
            circuit.record(trial_of(circuit), ok=False)
        rests_s = [event["retry_after_s"] for event in changes(caplog) if event["state"] == "open"]
        for rest_s, nominal_s in zip(rests_s, (0.05, 0.1, 0.2, 0.4, 0.8), strict=True):
            assert min(0.8 * nominal_s, 0.3) - 0.002 <= rest_s <= min(1.2 * nominal_s, 0.3)

    def test_it_rests_longer_when_it_opens_again_soon(self, caplog: pytest.LogCaptureFixture) -> None:
        """A provider that answers questions and takes no money: closed by one, opened by the others."""
        caplog.set_level("INFO")
        circuit = opened(replace(SOON, longest_open_s=60))
        circuit.record(trial_of(circuit), ok=True)
        go(circuit, *[False] * 4)
        first_s, second_s = (event["retry_after_s"] for event in changes(caplog) if event["state"] == "open")
        assert second_s >= 0.08 > 0.06 >= first_s

    def test_it_forgets_old_failures(self, caplog: pytest.LogCaptureFixture) -> None:
        """Closed for longer than the longest rest."""
        caplog.set_level("INFO")
        circuit = opened(replace(SOON, longest_open_s=0.3))
        circuit.record(trial_of(circuit), ok=False)
        circuit.record(trial_of(circuit), ok=True)
        closed_at = time.monotonic()
        poll(lambda: time.monotonic() > closed_at + 0.35, what="a while", timeout_s=5)
        go(circuit, *[False] * 4)
        assert changes(caplog)[-1]["retry_after_s"] <= 0.06

    def test_a_trial_that_never_comes_back_is_given_up(self) -> None:
        circuit = opened(replace(SOON, trial_s=0.1))
        lost = trial_of(circuit)
        taken_over = trial_of(circuit)
        circuit.record(lost, ok=True)
        assert circuit.status().state is State.HALF_OPEN
        circuit.record(taken_over, ok=True)
        assert circuit.status().state is State.CLOSED

    @pytest.mark.parametrize("ok", [True, False])
    def test_a_late_answer_of_before_changes_nothing(self, ok: bool) -> None:
        circuit = Circuit("kitchen", RULES)
        early = circuit.admit()
        assert early == Permit()
        go(circuit, *[False] * 4)
        before = circuit.status()
        circuit.record(Permit(), ok=ok)
        after = circuit.status()
        assert (after.state, after.changed_at) == (before.state, before.changed_at)
        assert after.totals.opened == 1

    def test_everything_is_counted(self) -> None:
        circuit = opened(SOON)
        first = trial_of(circuit)
        assert isinstance(circuit.admit(), Refusal)
        circuit.record(first, ok=False)
        circuit.record(trial_of(circuit), ok=True)
        go(circuit, True)
        totals = circuit.status().totals
        assert (totals.calls, totals.failures, totals.refused) == (7, 5, 1)
        assert (totals.trials, totals.opened, totals.closed) == (2, 2, 1)

    def test_each_change_is_told_once(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        circuit = opened(SOON)
        circuit.record(trial_of(circuit), ok=True)
        told = changes(caplog)
        assert [(event["was"], event["state"]) for event in told] == [
            ("closed", "open"),
            ("open", "half_open"),
            ("half_open", "closed"),
        ]
        assert {event["circuit"] for event in told} == {"kitchen"}
        assert [event["level"] for event in told] == ["warning", "info", "info"]


class TestShared:
    def test_what_one_learns_all_know(self) -> None:
        opened()
        assert isinstance(Circuit("kitchen", RULES).admit(), Refusal)
        assert isinstance(Circuit("another", RULES).admit(), Permit)

    def test_one_trial_for_all(self) -> None:
        trial_of(opened(SOON))
        assert isinstance(Circuit("kitchen", SOON).admit(), Refusal)

    def test_it_survives_the_loss_of_its_memory(self) -> None:
        circuit = opened(SOON)
        trial = trial_of(circuit)
        client().flushdb()
        client().script_flush()
        assert circuit.status().state is State.CLOSED
        circuit.record(trial, ok=False)
        assert circuit.status().state is State.CLOSED
        go(circuit, *[False] * 3)
        assert circuit.status().state is State.OPEN

    def test_a_clock_that_is_set_back_does_not_keep_it_open(self) -> None:
        circuit = opened()
        document = orjson.loads(client().get(key("circuit:kitchen")) or b"")
        document["busy_until_ms"] += 3_600_000
        client().set(key("circuit:kitchen"), orjson.dumps(document))
        assert isinstance(circuit.admit(), Permit)

    def test_an_older_release_may_have_written_less(self) -> None:
        client().set(key("circuit:kitchen"), b'{"state": "closed", "calls": 5}')
        circuit = Circuit("kitchen", RULES)
        go(circuit, True)
        assert circuit.status().totals.calls == 6

    def test_its_memory_stays_small(self) -> None:
        circuit = Circuit("kitchen", replace(RULES, window_s=0.05))
        seen = set()
        deadline = time.monotonic() + 5
        while len(seen) < 15 and time.monotonic() < deadline:
            go(circuit, True)
            seen |= set(orjson.loads(client().get(key("circuit:kitchen")) or b"")["window"])
        assert len(seen) >= 15
        assert len(orjson.loads(client().get(key("circuit:kitchen")) or b"")["window"]) <= 10


class TestWithoutRedis:
    """Whatever Redis does, the question is answered, and quickly."""

    @pytest.mark.usefixtures("redis_away")
    def test_each_process_goes_by_what_it_knows(self) -> None:
        circuit = opened()
        assert isinstance(circuit.admit(), Refusal)
        assert circuit.status().is_shared is False
        assert isinstance(Circuit("kitchen", RULES).admit(), Permit)

    def test_back_again_the_shared_memory_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(breaker, "ALONE_S", 0.4)
        circuit = Circuit("kitchen", RULES)
        client().execute_command("CLIENT", "PAUSE", 1_200, "ALL")
        go(circuit, *[False] * 4)
        assert (circuit.status().state, circuit.status().is_shared) == (State.OPEN, False)

        poll(lambda: circuit.status().is_shared, what="Redis to be asked again", timeout_s=10)
        assert circuit.status().state is State.CLOSED
        assert isinstance(circuit.admit(), Permit)

    def test_a_redis_that_hangs_is_waited_for_once(self, settings: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
            hasty_client.cache_clear()
            circuit = Circuit("kitchen", RULES)
            marks = [time.monotonic()]
            for _ in range(20):
                go(circuit, True)
                marks.append(time.monotonic())
        hasty_client.cache_clear()
        took_s = [after - before for before, after in pairwise(marks)]
        assert took_s[0] < 2
        assert sum(took_s[1:]) < 0.5

    @pytest.mark.parametrize("rubbish", [b"rubbish", b"[1]", b'{"state": "open", "calls": "x"}'])
    def test_a_memory_that_makes_no_sense(self, rubbish: bytes) -> None:
        client().set(key("circuit:kitchen"), rubbish)
        circuit = Circuit("kitchen", RULES)
        go(circuit, True, False, False, False)
        assert isinstance(circuit.admit(), Refusal)

    def test_a_memory_of_another_type(self) -> None:
        client().hset(key("circuit:kitchen"), "a", "b")
        assert isinstance(Circuit("kitchen", RULES).admit(), Permit)

    def test_a_redis_that_takes_no_more(self) -> None:
        """Full, with noeviction: reads work, writes do not."""
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as admin:
            before = admin.config_get("maxmemory")["maxmemory"]
            admin.config_set("maxmemory", 1)
            try:
                assert isinstance(opened().admit(), Refusal)
            finally:
                admin.config_set("maxmemory", before)
