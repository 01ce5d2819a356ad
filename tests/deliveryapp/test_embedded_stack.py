"""The real servers under the supervisor: their own workers, too, come back when killed and go when we are."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.deliveryapp.embedded_helpers import kill_hard, parent, read_line, survivors
from tests.live import live_stack, poll

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]

HOLD_STACK = """
import sys, time
from tests.live import live_stack
with live_stack(sys.argv[1].split(",")) as stack:
    print("RUN_DIR", stack.stack.run_dir, flush=True)
    time.sleep(60)
"""


def services() -> dict[str, str]:
    return {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}


def test_kill_9_of_the_parent_leaves_neither_servers_nor_their_workers() -> None:
    with parent(HOLD_STACK, "sandbox,web,live,worker,beat", env=services()) as process:
        run_dir = read_line(process, starts="RUN_DIR ")
        # sandbox, granian and 2 workers, uvicorn, celery and 3 children, beat; the parent has no mark.
        poll(lambda: len(survivors(run_dir)) >= 10, what="all processes")
        kill_hard(process)
    poll(lambda: survivors(run_dir) == [], what="all of them to be gone", timeout_s=8)
    shutil.rmtree(run_dir)


def test_they_stop_within_seconds_and_leave_nothing() -> None:
    with live_stack() as stack:
        run_dir = stack.stack.run_dir
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 20
    assert survivors(run_dir) == []


@pytest.mark.parametrize("name", ["web", "live", "worker"])
def test_a_killed_server_answers_again(name: str) -> None:
    with live_stack([name]) as stack:
        before = stack.pid(name)
        stack.kill(name)
        assert stack.pid(name) != before


def test_a_killed_worker_of_the_web_server_is_replaced() -> None:
    with live_stack(["web"]) as stack:
        children = Path(f"/proc/{stack.pid('web')}/task/{stack.pid('web')}/children")
        poll(lambda: len(workers(children)) >= 2, what="two workers")
        killed = workers(children)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        poll(lambda: len(workers(children)) >= 2 and not workers(children) & killed, what="two new workers")
        poll(lambda: answers(f"{stack.base_url}/livez"), what="an answer")


def workers(children: Path) -> set[int]:
    return {int(pid) for pid in children.read_text().split()}


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
