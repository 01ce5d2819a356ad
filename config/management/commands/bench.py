"""`manage.py bench NAME`: measure, and print cost per operation."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.benchmarks import dispatching, draining, placing


class Command(BaseCommand):
    help = "Measure what something costs; run it with `make bench`, which brings services of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="place", choices=["place", "events", "dispatch"])
        parser.add_argument("--orders", type=int, default=300, help="of `place`")
        parser.add_argument("--events", type=int, default=40_000, help="of `events`")
        dispatching.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["name"] == "dispatch":
            self._dispatch(options)
            return
        cost: draining.DrainingCost | placing.PlacingCost
        if options["name"] == "events":
            cost = draining.measure(events=options["events"])
        else:
            cost = placing.measure(orders=options["orders"])
        for line in cost.lines():
            self.stdout.write(line)

    def _dispatch(self, options: dict[str, Any]) -> None:
        if options["instances"] is None:
            raise CommandError("bench dispatch needs --instances DIR")
        wanted = {name: options[name] for name in dispatching.OPTIONS}
        try:
            for line in dispatching.replay(**wanted):
                self.stdout.write(line)
                self.stdout.flush()
        except ValueError as error:
            raise CommandError(str(error)) from error
