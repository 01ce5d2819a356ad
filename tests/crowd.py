"""Several at one line: each call in its own thread and connection, all let go at the same moment."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

from deliveryapp.errors import AppError

PATIENCE_S = 60
ROUNDS = int(os.environ.get("RACE_ROUNDS", "200"))  # of each race; `make test` asks for fewer
Refusals = type[BaseException] | tuple[type[BaseException], ...]


def at_once(*calls: Callable[[], Any], refusals: Refusals = AppError) -> list[Any]:
    """What each call returned, in their order; a foreseen refusal counts as what it returned.

    Any other exception is raised here, once all have ended.
    """
    start = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(number: int, call: Callable[[], Any]) -> None:
        try:
            start.wait(PATIENCE_S)
            results[number] = call()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the test
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, refusals):
            raise result
    return results


def statuses(answers: list[Any]) -> list[int]:
    return [answer.status_code for answer in answers]
