"""Processes that ask for one operation and die of SIGKILL at a named point of it.

One that is ready and without connections forks each of them: ``python -m tests.payments.mortal`` reads lines
of ``{"kind", "point", "body", "key"}`` and answers each with the signal that ended it, 0 for none.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.payments.cells import Case

ROOT = Path(__file__).resolve().parents[2]


class Mortals:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, kind: str, case: Case, point: str) -> int:
        """The signal that ended the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        message = {"kind": kind, "point": point, "body": case.body, "key": case.key}
        self._process.stdin.write(f"{json.dumps(message)}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def mortals(sandbox_url: str) -> Iterator[Mortals]:
    """On this test's database and this payment server."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.payments.mortal"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test", "STRIPE_API_BASE": sandbox_url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Mortals(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def main() -> None:
    import django

    django.setup()
    for name in ("config.urls", "tests.payments.cells"):
        importlib.import_module(name)  # before the first of them is born, not by each of them
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _live(json.loads(line))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.WTERMSIG(status)}\n")
        sys.stdout.flush()


def _live(message: dict[str, object]) -> None:
    from tests.payments.cells import KINDS, Case
    from tests.payments.deaths import dying_at, kill_this_process

    kind = KINDS[str(message["kind"])]
    case = Case(body=message["body"], key=str(message["key"]))  # type: ignore[arg-type]
    with dying_at(str(message["point"]), kind.route, die=kill_this_process):
        kind.ask(case)


if __name__ == "__main__":
    main()
