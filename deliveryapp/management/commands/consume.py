"""`manage.py consume GROUP`: one member of a Kafka consumer group, until it is told to stop."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deliveryapp.embedded.interrupts import Interrupts
from deliveryapp.kafka.names import UnknownGroup, groups
from deliveryapp.kafka.needed import require_client


class Command(BaseCommand):
    help = "Run the handlers of all subscriptions whose queue is GROUP on what Kafka brings, until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("group", metavar="GROUP", help=f"one of: {', '.join(groups())}")

    def handle(self, *, group: str, **options: Any) -> None:
        require_client()
        from deliveryapp.kafka.consuming import consume

        with Interrupts() as interrupts:
            try:
                consume(group, interrupts.requested)
            except UnknownGroup as error:
                raise CommandError(str(error)) from error
