"""Several at one line: each call in its own thread and connection, all let go at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

PATIENCE_S = 60


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call returned, in their order; an exception counts as what it returned."""
    start = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(number: int, call: Callable[[], Any]) -> None:
        try:
            start.wait(PATIENCE_S)
            results[number] = call()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return results


def statuses(answers: list[Any]) -> list[int]:
    """The HTTP statuses; an exception is raised here."""
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer.status_code for answer in answers]
