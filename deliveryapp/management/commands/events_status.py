"""`manage.py events_status`: does everything flow? Exit code 1 when something is above its limit."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deliveryapp.gauges import Gauge, read_gauges


class Command(BaseCommand):
    help = "Show how events, handlers and sagas stand; exit code 1 when something is above its limit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="a list of objects")

    def handle(self, *args: Any, **options: Any) -> None:
        gauges = read_gauges()
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(gauge) for gauge in gauges], indent=2))
        else:
            for gauge in gauges:
                self.stdout.write(_line(gauge))
        if bad := sum(not gauge.is_well for gauge in gauges):
            raise CommandError(f"{bad} above their limits")


def _as_json(gauge: Gauge) -> dict[str, object]:
    return {
        "name": gauge.name,
        **gauge.labels,
        "value": gauge.value,
        "limit": gauge.limit,
        "ok": gauge.is_well,
    }


def _line(gauge: Gauge) -> str:
    value = "unknown" if gauge.value is None else f"{gauge.value:.10g}"
    if gauge.name.endswith("_seconds") and gauge.value is not None:
        value = f"{gauge.value:.1f} s"
    limit = "" if gauge.limit is None else f"at most {gauge.limit:g}"
    mark = "" if gauge.is_well else "  <-- look"
    name = " ".join([gauge.name.removesuffix("_seconds"), *gauge.labels.values()])
    return f"{name:<60} {value:>12}  {limit:<12}{mark}".rstrip()
