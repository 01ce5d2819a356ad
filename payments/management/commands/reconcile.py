"""`manage.py reconcile`: do the provider and our books tell the same story?"""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from deliveryapp.clock import utc_now
from payments.gateways.configured import configured
from payments.services import Difference, NotReadable, Period, Reconciliation, settled_until

DEFAULT_PERIOD = timedelta(days=2)
SILENT = 2  # exit code
ROW = "{kind:<20} {ref:<28} {here:<30} {there:<30} {done}"


def moment(text: str) -> datetime:
    """ISO 8601; without a zone it is UTC, without a time midnight."""
    try:
        found = parse_datetime(text) or parse_datetime(f"{text}T00:00:00")
    except ValueError:
        found = None
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no date or time")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = (
        "Compare every payment and refund of a period with the provider. Exit code 0: no difference is left; "
        "1: some are; 2: it could not be compared, for the provider does not answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=moment, help="from here on; two days ago unless told")
        parser.add_argument("--until", type=moment, help="up to here; five minutes ago unless told")
        parser.add_argument("--fix", action="store_true", help="mend what is safe, open reviews for the rest")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
        parser.add_argument("--gateway", action="append", choices=list(configured()), help="only this one")

    def handle(self, *args: Any, **options: Any) -> None:
        now = utc_now()
        period = _period(options["since"], options["until"], now)
        runs = [
            Reconciliation(name, period, mend=options["fix"], now=now)
            for name in options["gateway"] or configured()
        ]
        tell = self._tell_json if options["json"] else self._tell_table
        try:
            left = tell(period, runs)
        except NotReadable as error:
            raise CommandError(f"reconcile: {error}", returncode=SILENT) from error
        if left:
            raise CommandError(f"reconcile: {left} differences are left")

    def _tell_table(self, period: Period, runs: list[Reconciliation]) -> int:
        kinds, left = Counter[str](), 0
        for found in _all(runs):
            if not kinds:
                self.stdout.write(
                    ROW.format(kind="kind", ref="provider's", here="here", there="there", done="done")
                )
            kinds[found.kind] += 1
            left += found.is_left
            style = self.style.ERROR if found.is_left else self.style.SUCCESS
            self.stdout.write(style(_row(found)))
        summary = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "no differences"
        compared, under_way = _counts(runs)
        self.stdout.write(
            f"{period.since:%Y-%m-%d %H:%M:%S} to {period.until:%Y-%m-%d %H:%M:%S} UTC: {compared} compared, "
            f"{under_way} still under way; {summary}"
        )
        return left

    def _tell_json(self, period: Period, runs: list[Reconciliation]) -> int:
        """Written as it is found, so that a long list is never in memory."""
        ends = {"since": period.since.isoformat(), "until": period.until.isoformat()}
        self.stdout.write(f'{json.dumps(ends)[:-1]}, "differences": [')
        kinds, left = Counter[str](), 0
        for found in _all(runs):
            comma = "," if kinds else ""
            self.stdout.write(f"{comma}{json.dumps(found.as_document())}")
            kinds[found.kind] += 1
            left += found.is_left
        compared, under_way = _counts(runs)
        totals = {"kinds": kinds, "compared": compared, "under_way": under_way, "left": left}
        self.stdout.write(f"], {json.dumps(totals)[1:]}")
        return left


def _period(since: datetime | None, until: datetime | None, now: datetime) -> Period:
    until = (until or settled_until(now=now)).replace(microsecond=0)
    since = (since or until - DEFAULT_PERIOD).replace(microsecond=0)
    if since >= until:
        raise CommandError("reconcile: --since must be before --until", returncode=SILENT)
    return Period(since, until)


def _all(runs: list[Reconciliation]) -> Iterator[Difference]:
    for run in runs:
        yield from run.differences()


def _counts(runs: list[Reconciliation]) -> tuple[int, int]:
    return sum(run.compared for run in runs), sum(run.under_way for run in runs)


def _row(found: Difference) -> str:
    here, there = str(found.here or "nothing"), str(found.there or "nothing")
    ids = f"  payment {found.payment_id or '-'}, order {found.order_id or '-'}"
    return ROW.format(kind=found.kind, ref=found.ref, here=here, there=there, done=found.done) + f"\n{ids}"
