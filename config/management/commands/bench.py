"""`manage.py bench NAME`: measure, and print cost per operation."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.benchmarks import placing


class Command(BaseCommand):
    help = "Measure what something costs; run it with `make bench`, which brings services of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="place", choices=["place"])
        parser.add_argument("--orders", type=int, default=300)

    def handle(self, *args: Any, **options: Any) -> None:
        for line in placing.measure(orders=options["orders"]).lines():
            self.stdout.write(line)
