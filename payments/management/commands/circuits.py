"""`manage.py circuits`: which payment gateways are asked, which are left to rest, and what was counted."""

from typing import Any

from django.core.management.base import BaseCommand

from deliveryapp.circuit import State, Status
from payments import facade

COLUMNS = ("circuit", "state", "retry in", "recent", "calls", "failures", "refused", "trials", "opened")
WIDTHS = (28, 10, 9, 11, 9, 9, 9, 7, 7)


class Command(BaseCommand):
    help = "The circuit breaker of each payment gateway: its state, and its counts since Redis was empty."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(_line(*COLUMNS))
        for status in facade.circuits():
            style = self.style.SUCCESS if status.state is State.CLOSED else self.style.ERROR
            self.stdout.write(style(_row(status)))
            if not status.is_shared:
                self.stdout.write("  Redis is away: this is what this process alone knows")


def _row(status: Status) -> str:
    totals = status.totals
    return _line(
        status.name,
        status.state.value,
        f"{status.retry_after_s:.1f} s" if status.retry_after_s else "-",
        f"{status.recent_failures} of {status.recent_calls}",
        totals.calls,
        totals.failures,
        totals.refused,
        totals.trials,
        totals.opened,
    )


def _line(*cells: object) -> str:
    return "".join(f"{cell!s:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()
