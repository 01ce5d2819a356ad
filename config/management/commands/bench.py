"""`manage.py bench NAME`: measure, and print cost per operation."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.benchmarks import draining, placing


class Command(BaseCommand):
    help = "Measure what something costs; run it with `make bench`, which brings services of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="place", choices=["place", "events"])
        parser.add_argument("--orders", type=int, default=300, help="of `place`")
        parser.add_argument("--events", type=int, default=40_000, help="of `events`")

    def handle(self, *args: Any, **options: Any) -> None:
        cost: draining.DrainingCost | placing.PlacingCost
        if options["name"] == "events":
            cost = draining.measure(events=options["events"])
        else:
            cost = placing.measure(orders=options["orders"])
        for line in cost.lines():
            self.stdout.write(line)
