"""`manage.py audit`: do the invariants hold?"""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.audit import INVARIANTS, find_breaches, find_money_breaches
from payments.selectors import unknown_outcomes


class Command(BaseCommand):
    help = "Check the invariants in the database and, with --sandbox-url, against the payment server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sandbox-url", default="", help="the sandbox payment server")
        parser.add_argument("--gateway", default="stripe", help="which of our gateways that server is")
        parser.add_argument("--wait", type=float, default=0, help="seconds to let the system come to rest")

    def handle(self, *args: Any, **options: Any) -> None:
        deadline = time.monotonic() + options["wait"]
        breaches = _all_breaches(options["sandbox_url"], options["gateway"])
        while breaches and time.monotonic() < deadline:
            time.sleep(1)
            breaches = _all_breaches(options["sandbox_url"], options["gateway"])
        for breach in breaches:
            self.stdout.write(self.style.ERROR(f"  ✗ {breach}"))
        if breaches:
            raise CommandError(f"audit: {len(breaches)} breaches")
        self.stdout.write(_unknown_outcomes())
        checked = len(INVARIANTS) + bool(options["sandbox_url"])
        self.stdout.write(self.style.SUCCESS(f"audit clean: {checked} invariants hold"))


def _unknown_outcomes() -> str:
    """One line: how many calls to the payment provider stayed without an answer, and how each was settled."""
    seen = unknown_outcomes()
    if not seen.by_kind:
        return f"payment calls: {seen.asked}, none with an unknown outcome"
    kinds, settled = (
        ", ".join(f"{name} {count}" for name, count in counts.items())
        for counts in (seen.by_kind, seen.by_resolution)
    )
    return (
        f"payment calls: {seen.asked}, {sum(seen.by_kind.values())} with an unknown outcome ({kinds}); "
        f"settled by {settled or 'nothing'}; {seen.still_open} still open"
    )


def _all_breaches(sandbox_url: str, gateway: str) -> list[str]:
    breaches = [f"{row.id} {row.promise}: {text}" for row in INVARIANTS for text in find_breaches(row)]
    if sandbox_url:
        breaches += find_money_breaches(sandbox_url, gateway=gateway)
    return breaches
