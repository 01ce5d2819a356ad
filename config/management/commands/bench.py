"""`manage.py bench NAME`: measure, and print cost per operation."""

from argparse import ArgumentParser
from typing import Any, Protocol

from django.core.management.base import BaseCommand, CommandError

from config.benchmarks import browsing, dispatching, draining, placing

NAMES = ("place", "events", "browse", "dispatch")


class _Cost(Protocol):
    def lines(self) -> list[str]: ...


class Command(BaseCommand):
    help = "Measure what something costs; run it with `make bench`, which brings services of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="place", choices=NAMES)
        parser.add_argument("--orders", type=int, default=300, help="of `place`")
        parser.add_argument("--events", type=int, default=40_000, help="of `events`")
        parser.add_argument("--restaurants", type=int, default=2_000, help="of `browse`")
        parser.add_argument("--requests", type=int, default=300, help="of `browse`, for each route")
        dispatching.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["name"] == "dispatch":
            self._dispatch(options)
            return
        for line in _measured(options).lines():
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


def _measured(options: dict[str, Any]) -> _Cost:
    if options["name"] == "events":
        return draining.measure(events=options["events"])
    if options["name"] == "browse":
        return browsing.measure(restaurants=options["restaurants"], requests=options["requests"])
    return placing.measure(orders=options["orders"])
